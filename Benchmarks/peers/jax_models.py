"""The five models in plain JAX: parameters, loss, and the two optimizers."""

import jax
import jax.numpy as jnp
import numpy as np

# Each entry: the shapes of the layers' weights (convolutions are HWIO, dense layers [in, out]).
SHAPES = {
    "mlp": [(784, 128), (128, 10)],
    "mlp3": [(784, 128), (128, 64), (64, 10)],
    "cnn": [(5, 5, 1, 10), (5, 5, 10, 20), (320, 50), (50, 10)],
    "cnn-wide": [(5, 5, 1, 32), (4608, 10)],
    "keras-cnn": [(3, 3, 1, 32), (3, 3, 32, 64), (1600, 128), (128, 10)],
}


def parameters(name):
    generator = np.random.default_rng(0)
    layers = []
    for shape in SHAPES[name]:
        bound = float(np.prod(shape[:-1])) ** -0.5
        weight = generator.uniform(-bound, bound, shape).astype(np.float32)
        layers.append((jnp.asarray(weight), jnp.zeros(shape[-1])))
    return layers


def convolve(x, layer):
    weight, bias = layer
    return jax.lax.conv_general_dilated(x, weight, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias


def pool(x):
    n, h, w, c = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


def dense(x, layer):
    return x @ layer[0] + layer[1]


def drop(x, key, shape):
    return jnp.where(jax.random.bernoulli(key, 0.5, shape), x * 2, 0)


def scores(name, layers, x, key):
    n = x.shape[0]
    if name in ("mlp", "mlp3"):
        x = x.reshape(n, -1)
        for layer in layers[:-1]:
            x = jax.nn.relu(dense(x, layer))
        return dense(x, layers[-1])
    first, second = jax.random.split(key)
    if name == "cnn":
        x = jax.nn.relu(pool(convolve(x, layers[0])))
        x = convolve(x, layers[1])
        x = jax.nn.relu(pool(drop(x, first, (n, 1, 1, x.shape[3]))))
        x = jax.nn.relu(dense(x.reshape(n, -1), layers[2]))
        return dense(drop(x, second, x.shape), layers[3])
    x = pool(jax.nn.relu(convolve(x, layers[0])))
    if name == "cnn-wide":
        return dense(x.reshape(n, -1), layers[1])
    x = pool(jax.nn.relu(convolve(x, layers[1])))
    x = jax.nn.relu(dense(x.reshape(n, -1), layers[2]))
    return dense(drop(x, first, x.shape), layers[3])


def loss(name, layers, x, y, key):
    logs = jax.nn.log_softmax(scores(name, layers, x, key))
    return -jnp.take_along_axis(logs, y[:, None], 1).mean()


def start_state(optimizer, layers):
    zeros = jax.tree.map(jnp.zeros_like, layers)
    return (zeros, jax.tree.map(jnp.zeros_like, layers), jnp.zeros(())) if optimizer == "adam" else zeros


def update(optimizer, layers, gradients, state):
    if optimizer == "sgd":
        state = jax.tree.map(lambda v, g: 0.5 * v + g, state, gradients)
        return jax.tree.map(lambda p, v: p - 0.01 * v, layers, state), state
    first, second, count = state
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    layers = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), layers, first, second)
    return layers, (first, second, count)
