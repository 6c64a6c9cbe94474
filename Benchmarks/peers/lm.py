"""Character language models in PyTorch: the time of a training step, and with --train the bits per character that a run of the
same model, text, first weights' law, optimizer and budget as `apus train lm` reaches.

    python3 Benchmarks/peers/lm.py --threads 2
    python3 Benchmarks/peers/lm.py --train gpt --data input.txt --epochs 1 --threads 2
"""

import json
import math
import time

import common

# The shape of a step: sequences by symbols.
STEPS = {"lstm": (32, 64), "gru": (32, 64), "gpt": (16, 128)}
RATES = {"lstm": 0.004, "gru": 0.004, "gpt": 0.002}
SYMBOLS = 65


def operations(kind):
    """Multiply-adds of products, twice, in a training step: three times those of the forward pass."""
    batch, steps = STEPS[kind]
    if kind == "gpt":
        each = 4 * 12 * 128 * 128 + 128 * SYMBOLS + 4 * 2 * 128 * steps
    else:
        each = {"lstm": 4, "gru": 3}[kind] * 256 * 512 + 256 * SYMBOLS
    return 2.0 * 3 * batch * steps * each


def torch_steps(arguments):
    common.require("torch", "numpy")
    import torch

    import lm_models

    torch.set_num_threads(arguments.threads)

    def prepare(kind):
        batch, steps = STEPS[kind]
        shape = (batch, steps) if kind == "gpt" else (steps, batch)
        symbols = torch.randint(0, SYMBOLS, shape)
        targets = torch.randint(0, SYMBOLS, shape)

        def way(compiled=False, by_hand=False):
            torch.manual_seed(0)
            model = lm_models.make(kind, SYMBOLS, by_hand=by_hand).train()
            optimizer = lm_models.optimizer(model, RATES[kind])
            parameters = list(model.parameters())
            run = torch.compile(model, dynamic=False) if compiled else model
            state = None

            def step():
                nonlocal state
                optimizer.zero_grad(set_to_none=True)
                if kind == "gpt":
                    scores = run(symbols)
                else:
                    scores, state = run(symbols, state)
                    state = tuple(s.detach() for s in state) if kind == "lstm" else state.detach()
                lm_models.loss_of(scores, targets).backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()

            return step

        ways = {"eager": way()}
        if kind == "gpt":
            ways["by hand"] = way(by_hand=True)
            if not arguments.no_compile:
                ways["compile"] = way(compiled=True, by_hand=True)
        return ways

    for kind, (batch, steps) in STEPS.items():
        yield common.Case("lm-step", f"{kind} {batch}x{steps}", operations(kind), lambda kind=kind: prepare(kind))


def train(arguments):
    """A whole run; prints one JSON object for each epoch."""
    import torch

    import lm_models

    torch.set_num_threads(arguments.threads)
    with open(arguments.data, encoding="utf-8") as file:
        text = file.read()
    vocabulary = {symbol: number for number, symbol in enumerate(sorted(set(text)))}
    numbers = torch.tensor([vocabulary[symbol] for symbol in text])
    cut = len(numbers) - int(len(numbers) * 0.1)
    training, held_back = numbers[:cut], numbers[cut:]
    kind = arguments.train
    batch, length = STEPS[kind]
    torch.manual_seed(arguments.seed)
    model = lm_models.make(kind, len(vocabulary))
    optimizer = lm_models.optimizer(model, RATES[kind])
    parameters = list(model.parameters())

    def batches(text, drawn):
        """Streams that go on from batch to batch, or windows, in an order that is drawn in training."""
        if kind != "gpt":
            stream = (len(text) - 1) // batch
            inputs = text[: batch * stream].view(batch, stream).t()
            targets = text[1 : batch * stream + 1].view(batch, stream).t()
            for start in range(0, stream, length):
                yield inputs[start : start + length], targets[start : start + length]
            return
        spare = (len(text) - 1) % length
        first = int(torch.randint(spare + 1, ())) if drawn else 0
        count = (len(text) - 1 - first) // length
        inputs = text[first : first + count * length].view(count, length)
        targets = text[first + 1 : first + 1 + count * length].view(count, length)
        order = torch.randperm(count) if drawn else torch.arange(count)
        for start in range(0, count, batch):
            yield inputs[order[start : start + batch]], targets[order[start : start + batch]]
        if not drawn and spare:
            yield text[-1 - spare : -1][None], text[len(text) - spare :][None]

    def scores_of(inputs, state):
        if kind == "gpt":
            return model(inputs), None
        scores, state = model(inputs, state)
        return scores, tuple(s.detach() for s in state) if kind == "lstm" else state.detach()

    total = arguments.epochs * len(list(batches(training, False)))
    step = 0
    for epoch in range(1, arguments.epochs + 1):
        nats, count, seconds, state = 0.0, 0, time.perf_counter(), None
        model.train()
        for inputs, targets in batches(training, True):
            for group in optimizer.param_groups:
                group["lr"] = lm_models.rate_at(step, total, RATES[kind])
            optimizer.zero_grad(set_to_none=True)
            scores, state = scores_of(inputs, state)
            loss = lm_models.loss_of(scores, targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            nats, count, step = nats + loss.item() * targets.numel(), count + targets.numel(), step + 1
        seconds = time.perf_counter() - seconds
        model.eval()
        bits, judged, state = 0.0, 0, None
        with torch.no_grad():
            for inputs, targets in batches(held_back, False):
                scores, state = scores_of(inputs, state)
                bits += lm_models.loss_of(scores, targets).item() * targets.numel() / math.log(2)
                judged += targets.numel()
        result = {
            "epoch": epoch,
            "train_bits_per_character": nats / count / math.log(2),
            "held_back_bits_per_character": bits / judged,
            "seconds": seconds,
            "milliseconds_per_step": 1000 * seconds * arguments.epochs / total,
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    arguments = common.options(
        __doc__,
        ["torch"],
        ("--train", {"choices": list(STEPS), "help": "train this model on --data and print its bits per character"}),
        ("--epochs", {"type": int, "default": 1, "help": "times through the text for --train (default: 1)"}),
        ("--seed", {"type": int, "default": 0, "help": "what first weights and order depend on, for --train"}),
        ("--no-compile", {"action": "store_true", "help": "leave torch.compile out"}),
    )
    if arguments.train:
        train(arguments)
    else:
        common.Runner(arguments.peer, arguments).run(torch_steps(arguments))
