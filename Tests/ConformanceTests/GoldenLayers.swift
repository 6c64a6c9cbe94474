import Apus
import Testing

/// Golden cases that a layer, with its parameters and buffers under PyTorch's names, runs as a whole.
@Suite struct GoldenLayers {
  static let imageRun: Set<String> = [
    "conv2d", "max_pool2d", "avg_pool2d", "conv1d", "conv_transpose2d", "max_pool1d", "adaptive_avg_pool2d",
  ]

  @Test(arguments: GoldenFile.all("conv").filter { imageRun.contains($0.op) })
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
    case "conv1d":
      let padding: Padding1d = file.isString("padding") ? .same : .explicit(file.integers("padding")[0])
      try file.check(
        Layers<Scalar>.Conv1d(
          file.integer("in_channels"), file.integer("out_channels"), kernelSize: file.integers("kernel_size")[0],
          stride: file.integers("stride")[0], padding: padding, dilation: file.integers("dilation")[0],
          groups: file.integer("groups"), bias: file.flag("bias")))
    case "conv_transpose2d":
      try file.check(
        Layers<Scalar>.ConvTranspose2d(
          file.integer("in_channels"), file.integer("out_channels"), kernelSize: file.pair("kernel_size"),
          stride: file.pair("stride"), padding: file.pair("padding"), outputPadding: file.pair("output_padding"),
          groups: file.integer("groups"), bias: file.flag("bias"), dilation: file.pair("dilation")))
    case "max_pool1d":
      try file.check(
        Layers<Scalar>.MaxPool1d(
          file.integers("kernel_size")[0], stride: file.integers("stride")[0], padding: file.integers("padding")[0],
          dilation: file.integers("dilation")[0], ceilMode: file.flag("ceil_mode")))
    case "adaptive_avg_pool2d": try file.check(Layers<Scalar>.AdaptiveAvgPool2d(file.pair("output_size")))
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

  static let normRun: Set<String> = [
    "batch_norm1d", "batch_norm2d", "dropout", "layer_norm", "group_norm", "instance_norm1d", "instance_norm2d",
    "rms_norm",
  ]

  @Test func everyNormCaseIsKnown() {
    expectEveryCaseIsKnown("norm", run: Self.normRun, outOfSlice: [:])
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
    if !file.op.hasPrefix("batch_norm") { return try batchFreeNormalization(file, Scalar.self) }
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

  private func batchFreeNormalization<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) throws {
    let epsilon = file.isNull("eps") ? nil : file.number("eps")
    switch file.op {
    case "layer_norm":
      try file.check(
        Layers<Scalar>.LayerNorm(
          Shape(file.integers("normalized_shape")), epsilon: epsilon!,
          elementwiseAffine: file.flag("elementwise_affine"),
          bias: file.flag("bias")))
    case "rms_norm":
      // The reference was computed in Double, whose machine epsilon it took.
      try file.check(
        Layers<Scalar>.RMSNorm(
          Shape(file.integers("normalized_shape")), epsilon: epsilon ?? Double.ulpOfOne,
          elementwiseAffine: file.flag("elementwise_affine")))
    case "group_norm":
      try file.check(
        Layers<Scalar>.GroupNorm(
          file.integer("num_groups"), file.integer("num_channels"), epsilon: epsilon!, affine: file.flag("affine")))
    case "instance_norm1d":
      try file.check(
        Layers<Scalar>.InstanceNorm1d(
          file.integer("num_features"), epsilon: epsilon!, affine: file.flag("affine")))
    default:
      try file.check(
        Layers<Scalar>.InstanceNorm2d(
          file.integer("num_features"), epsilon: epsilon!, affine: file.flag("affine")))
    }
  }
}
