import Apus
import Testing

/// Golden cases that a layer, with its parameters and buffers under PyTorch's names, runs as a whole.
@Suite struct GoldenLayers {
  @Test(arguments: GoldenFile.all("conv").filter { ["conv2d", "max_pool2d", "avg_pool2d"].contains($0.op) })
  func imageLayers(_ file: GoldenFile) throws {
    try imageLayer(file, Double.self)
    try imageLayer(file, Float.self)
  }

  private func imageLayer<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) throws {
    switch file.op {
    case "conv2d":
      let padding: Padding2d =
        file.isString("padding") ? .same : .explicit(file.pair("padding").0, file.pair("padding").1)
      try file.check(
        Layers<Scalar>.Conv2d(
          file.integer("in_channels"), file.integer("out_channels"), kernelSize: file.pair("kernel_size"),
          stride: file.pair("stride"), padding: padding, dilation: file.pair("dilation"),
          groups: file.integer("groups"), bias: file.flag("bias")))
    case "max_pool2d":
      try file.check(
        Layers<Scalar>.MaxPool2d(
          file.pair("kernel_size"), stride: file.pair("stride"), padding: file.pair("padding"),
          dilation: file.pair("dilation"), ceilMode: file.flag("ceil_mode")))
    default:
      try file.check(
        Layers<Scalar>.AvgPool2d(
          file.pair("kernel_size"), stride: file.pair("stride"), padding: file.pair("padding"),
          ceilMode: file.flag("ceil_mode"), countIncludePad: file.flag("count_include_pad")))
    }
  }

  @Test(arguments: GoldenFile.all("linalg").filter { $0.op == "linear" })
  func linearLayers(_ file: GoldenFile) throws {
    func run<Scalar: TensorScalar>(_: Scalar.Type) throws {
      try file.check(
        Layers<Scalar>.Linear(
          file.integer("in_features"), file.integer("out_features"), bias: file.flag("bias")))
    }
    try run(Double.self)
    try run(Float.self)
  }

  static let normRun: Set<String> = ["batch_norm1d", "batch_norm2d", "dropout"]

  @Test func everyNormCaseIsKnown() {
    expectEveryCaseIsKnown(
      "norm", run: Self.normRun,
      outOfSlice: [
        "layer_norm": "no such layer yet", "group_norm": "no such layer yet", "instance_norm1d": "no such layer yet",
        "instance_norm2d": "no such layer yet", "rms_norm": "no such layer yet",
      ])
  }

  @Test(arguments: GoldenFile.all("norm").filter { normRun.contains($0.op) })
  func normalizations(_ file: GoldenFile) throws {
    try normalization(file, Double.self)
    try normalization(file, Float.self)
  }

  private func normalization<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) throws {
    if file.op == "dropout" {
      let layer = Layers<Scalar>.Dropout(file.number("p"))
      layer.isTraining = file.flag("training")
      return try file.check(layer)
    }
    let momentum = file.isNull("momentum") ? nil : file.number("momentum")
    if file.op == "batch_norm1d" {
      let layer = Layers<Scalar>.BatchNorm1d(
        file.integer("num_features"), epsilon: file.number("eps"), momentum: momentum, affine: file.flag("affine"),
        trackRunningStats: file.flag("track_running_stats"))
      layer.isTraining = file.flag("training")
      try file.check(layer)
    } else {
      let layer = Layers<Scalar>.BatchNorm2d(
        file.integer("num_features"), epsilon: file.number("eps"), momentum: momentum, affine: file.flag("affine"),
        trackRunningStats: file.flag("track_running_stats"))
      layer.isTraining = file.flag("training")
      try file.check(layer)
    }
  }
}
