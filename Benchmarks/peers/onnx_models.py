"""Three of the models as ONNX graphs with random weights, for ONNX Runtime; bytes of a model, no file."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# (operator, attributes or shape of the weight) in order.
LAYERS = {
    "mlp": [("Flatten", {}), ("Gemm", (128, 784)), ("Relu", {}), ("Gemm", (10, 128))],
    "cnn": [
        ("Conv", (10, 1, 5, 5)), ("MaxPool", {}), ("Relu", {}), ("Conv", (20, 10, 5, 5)), ("MaxPool", {}), ("Relu", {}),
        ("Flatten", {}), ("Gemm", (50, 320)), ("Relu", {}), ("Gemm", (10, 50)), ("LogSoftmax", {"axis": 1}),
    ],
    "keras-cnn": [
        ("Conv", (32, 1, 3, 3)), ("Relu", {}), ("MaxPool", {}), ("Conv", (64, 32, 3, 3)), ("Relu", {}), ("MaxPool", {}),
        ("Flatten", {}), ("Gemm", (128, 1600)), ("Relu", {}), ("Gemm", (10, 128)),
    ],
}  # fmt: skip


def make(name, batch):
    generator = np.random.default_rng(0)
    nodes, weights, last = [], [], "input"
    for index, (operator, detail) in enumerate(LAYERS[name]):
        inputs, attributes = [last], detail
        if isinstance(detail, tuple):
            bound = float(np.prod(detail[1:])) ** -0.5
            for suffix, shape in (("weight", detail), ("bias", detail[:1])):
                values = generator.uniform(-bound, bound, shape).astype(np.float32)
                weights.append(numpy_helper.from_array(values, f"{index}.{suffix}"))
                inputs.append(f"{index}.{suffix}")
            attributes = {"transB": 1} if operator == "Gemm" else {}
        elif operator == "MaxPool":
            attributes = {"kernel_shape": [2, 2], "strides": [2, 2]}
        last = "output" if index == len(LAYERS[name]) - 1 else f"x{index}"
        nodes.append(helper.make_node(operator, inputs, [last], **attributes))
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 1, 28, 28])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, 10])],
        weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return model.SerializeToString()
