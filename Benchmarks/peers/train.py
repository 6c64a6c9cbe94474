"""One epoch of 60,000 images of each of the five MNIST models: PyTorch, Keras, JAX.

The epoch holds all that training needs: shuffling, putting batches together, forward, backward, the optimizer, and the
last smaller batch. A first epoch warms up and compiles; the time is that of a later one.

    python3 Benchmarks/peers/train.py --threads 2 --data data/mnist --only keras-cnn
"""

import os

import common
import models


def cases(arguments, make_epochs):
    """`make_epochs(name, recipe, images, labels)` returns the ways to run one epoch."""
    for name, recipe in models.RECIPES.items():

        def prepare(name=name, recipe=recipe):
            images, labels = models.training_images(arguments.data, arguments.samples)
            if name == "cnn":
                images = (images - 0.1307) / 0.3081
            return make_epochs(name, recipe, images, labels)

        operations = recipe.training_operations * arguments.samples
        yield common.Case("train", f"{name} {arguments.samples}", operations, prepare, long=True)


def torch_epochs(arguments):
    common.require("torch", "numpy")
    import torch

    import torch_models

    torch.set_num_threads(arguments.threads)

    def make_epochs(name, recipe, images, labels):
        x, y = torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels).long()

        def way(memory_format=torch.contiguous_format, compiled=False):
            torch.manual_seed(0)
            model = torch_models.make(name).to(memory_format=memory_format).train()
            loss_function = torch_models.loss_of(name)
            # The fused optimizers update all parameters in one call.
            if recipe.optimizer == "sgd":
                optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.5, fused=True)
            else:
                optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)

            def loss_of(inputs, targets):
                return loss_function(model(inputs), targets)

            if compiled:
                loss_of = torch.compile(loss_of, dynamic=False)

            def epoch():
                order = torch.randperm(len(x))
                for start in range(0, len(x), recipe.batch):
                    chosen = order[start : start + recipe.batch]
                    optimizer.zero_grad(set_to_none=True)
                    loss_of(x[chosen], y[chosen]).backward()
                    optimizer.step()

            return epoch

        ways = {"eager": way()}
        if "cnn" in name:
            ways["channels-last"] = way(torch.channels_last)
        if not arguments.no_compile:
            ways["compile"] = way(compiled=True)
        return ways

    return cases(arguments, make_epochs)


def keras_epochs(arguments):
    common.require("tensorflow", "keras")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import tensorflow

    import keras_models

    tensorflow.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)

    def make_epochs(name, recipe, images, labels):
        def way(**settings):
            model = keras_models.make(name)
            keras_models.compile_for_training(model, recipe.optimizer, **settings)
            x = images[..., None]
            return lambda: model.fit(x, labels, batch_size=recipe.batch, epochs=1, shuffle=True, verbose=0)

        # Several steps a call save Keras's per-step work in Python.
        ways = {"graph": way(jit_compile=False, steps_per_execution=64)}
        if not arguments.no_compile:
            ways["xla"] = way(jit_compile=True, steps_per_execution=64)
        return ways

    return cases(arguments, make_epochs)


def jax_epochs(arguments):
    common.require("jax", "numpy")
    import jax
    import jax.numpy as jnp
    import numpy as np

    import jax_models

    jax.config.update("jax_default_prng_impl", "rbg")  # the faster generator: dropout's masks

    def make_epochs(name, recipe, images, labels):
        x, y = jnp.asarray(images[..., None]), jnp.asarray(labels)
        whole = len(images) // recipe.batch * recipe.batch

        def step(state, chosen, x, y):
            # The data are arguments: XLA would fold what a closure holds into the program, all 188 MB of it.
            layers, optimizer_state, key = state
            key, own = jax.random.split(key)
            gradients = jax.grad(lambda p: jax_models.loss(name, p, x[chosen], y[chosen], own))(layers)
            layers, optimizer_state = jax_models.update(recipe.optimizer, layers, gradients, optimizer_state)
            return layers, optimizer_state, key

        def start():
            layers = jax_models.parameters(name)
            return layers, jax_models.start_state(recipe.optimizer, layers), jax.random.key(0)

        def stepwise():
            """One compiled call a step."""
            compiled, state = jax.jit(step, donate_argnums=0), start()

            def epoch():
                nonlocal state
                order = np.random.permutation(len(images))
                for begin in range(0, len(images), recipe.batch):
                    state = compiled(state, order[begin : begin + recipe.batch], x, y)
                jax.block_until_ready(state[0])

            return epoch

        def scanned():
            """One compiled call an epoch."""

            def run(state, order, x, y):
                batches = order[:whole].reshape(-1, recipe.batch)
                state, _ = jax.lax.scan(lambda s, chosen: (step(s, chosen, x, y), None), state, batches)
                return step(state, order[whole:], x, y) if whole < len(order) else state

            compiled, state = jax.jit(run, donate_argnums=0), start()

            def epoch():
                nonlocal state
                state = compiled(state, np.random.permutation(len(images)), x, y)
                jax.block_until_ready(state[0])

            return epoch

        # XLA gives a convolution inside a loop to a slower kernel: 640 images of cnn, cnn-wide and keras-cnn took 1.0, 2.3 and
        # 6.1 s in a scan, 0.33, 0.22 and 0.73 s step by step, on one core. An epoch of them would be minutes for nothing.
        return {"step": stepwise()} if "cnn" in name else {"step": stepwise(), "scan": scanned()}

    return cases(arguments, make_epochs)


PEERS = {"torch": torch_epochs, "keras-tensorflow": keras_epochs, "jax": jax_epochs}

if __name__ == "__main__":
    arguments = common.options(
        __doc__,
        list(PEERS),
        ("--samples", {"type": int, "default": 60000, "help": "images in an epoch (default: 60000)"}),
        ("--no-compile", {"action": "store_true", "help": "leave torch.compile and Keras's XLA out"}),
    )
    common.Runner(arguments.peer, arguments).run(PEERS[arguments.peer](arguments))
