/// The part of the kernel table that only inference programs use.
protocol PlanKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func poolLanes(
    _ x: UnsafePointer<Scalar>, rowStride: Int, _ y: UnsafeMutablePointer<Scalar>, _ layout: UnsafePointer<Int>,
    isMaximum: Bool, countsPadding: Bool)

  static func maxPoolPairs(
    _ x: UnsafePointer<Scalar>, rowStride: Int, _ y: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int)
}

// The steps of an inference program. Each is a plain struct of numbers and pointers, so that running one counts no
// references, and knows two layouts of an activation of n numbers (`lanes` is NR, the columns of the register tile):
//
// - *lanes*: [n, lanes], as many images side by side. A number of all images is a row of a packed panel of B: a dense layer
//   is a product with the activation as it lies, and a convolution one whose rows of B are pixels, at any kernel size,
//   without a patch gathered or a column wasted.
// - *one image*: [n]. A dense layer is a product with a vector, which reads each weight once.

/// The kernels of Float, as a value without a reference.
typealias FloatTable = any Kernels<Float>.Type

/// y = activation(W x + b) on the last dimension of [positions, inputs].
struct PlannedLinear {
  let positions: Int
  let inputs: Int
  let outputs: Int
  /// [outputs, inputs], row by row.
  let weight: UnsafePointer<Float>
  /// The same as panels of A.
  let packed: UnsafePointer<Float>
  let panelStride: Int
  let bias: UnsafePointer<Float>?
  var activation = 0
  var slope: Float = 0

  init(
    _ table: FloatTable, _ memory: PlanMemory, positions: Int, inputs: Int, outputs: Int, weight: [Float],
    bias: [Float]?
  ) {
    (self.positions, self.inputs, self.outputs) = (positions, inputs, outputs)
    self.weight = memory.scalars(weight)
    self.bias = bias.map { memory.scalars($0) }
    let rows = table.tileRows
    panelStride = inputs * rows + 16
    let panels = (outputs + rows - 1) / rows
    let packed = memory.scalars(panels * panelStride)
    for panel in 0..<panels {
      table.packPanel(
        self.weight + panel * rows * inputs, lanes: min(rows, outputs - panel * rows), laneStride: inputs,
        depth: inputs, depthStride: 1, width: rows, into: packed + panel * panelStride)
    }
    self.packed = UnsafePointer(packed)
  }

  func runLanes(_ table: FloatTable, _ lanes: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    for position in 0..<positions {
      table.gemmBlock(
        m: outputs, n: lanes, depth: inputs, a: packed, panelStrideA: panelStride, b: x + position * inputs * lanes,
        panelStrideB: 0, c: y + position * outputs * lanes, rowStride: lanes, alpha: 1, beta: 0, rowBias: bias,
        columnBias: nil, activation: activation, slope: slope)
    }
  }

  /// `parts` threads share the outputs when there is enough to read.
  func runImage(_ table: FloatTable, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, parts: Int) {
    for position in 0..<positions {
      let (x, y) = (x + position * inputs, y + position * outputs)
      guard parts > 1, inputs * outputs >= 32768 else {
        runRows(table, x, y, 0..<outputs)
        continue
      }
      let rows = roundUp((outputs + parts - 1) / parts, 4)
      var share = Share(layer: self, table: table, x: x, y: y, rows: rows)
      parallelFor((outputs + rows - 1) / rows, context: &share) { context, part in
        let share = context.assumingMemoryBound(to: Share.self)
        share.pointee.run(part)
      }
    }
  }

  /// What the threads that share a layer have in common.
  private struct Share {
    let layer: PlannedLinear
    let table: FloatTable
    let x: UnsafePointer<Float>
    let y: UnsafeMutablePointer<Float>
    let rows: Int

    func run(_ part: Int) { layer.runRows(table, x, y, part * rows..<min((part + 1) * rows, layer.outputs)) }
  }

  fileprivate func runRows(
    _ table: FloatTable, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ range: Range<Int>
  ) {
    let start = range.lowerBound
    table.gemvRows(
      m: range.count, k: inputs, a: weight + start * inputs, rowStride: inputs, x: x, y: y + start)
    if let bias { for row in range { y[row] += bias[row] } }
    if activation != 0 {
      for row in range where y[row] < 0 { y[row] = activation == 1 ? 0 : slope * y[row] }
    }
  }
}

/// Windows of every channel.
struct PlannedPooling {
  let geometry: PoolingGeometry
  let isMaximum: Bool
  let countsPadding: Bool
  /// The numbers that kernels want.
  let layout: UnsafePointer<Int>

  init(_ memory: PlanMemory, _ geometry: PoolingGeometry, isMaximum: Bool, countsPadding: Bool) {
    self.geometry = geometry
    self.isMaximum = isMaximum
    self.countsPadding = countsPadding
    layout = memory.integers(geometry.kernelNumbers)
  }

  func runLanes(_ table: FloatTable, _ lanes: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    let (inputs, outputs) = (geometry.height * geometry.width, geometry.outputHeight * geometry.outputWidth)
    for plane in 0..<geometry.planes {
      table.poolLanes(
        x + plane * inputs * lanes, rowStride: geometry.width * lanes, y + plane * outputs * lanes, layout,
        isMaximum: isMaximum, countsPadding: countsPadding)
    }
  }

  func runImage(_ table: FloatTable, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    let (inputs, outputs) = (geometry.height * geometry.width, geometry.outputHeight * geometry.outputWidth)
    for plane in 0..<geometry.planes {
      let (x, y) = (x + plane * inputs, y + plane * outputs)
      if !isMaximum {
        table.averagePool(x, y, layout, countsPadding)
      } else if geometry.isTwoByTwo {
        table.maxPoolPairs(
          x, rowStride: geometry.width, y, rows: geometry.outputHeight, columns: geometry.outputWidth)
      } else {
        table.maxPool(x, y, nil, layout)
      }
    }
  }
}

/// y = x · scale + shift for each channel of [channels, spatial]: a batch normalisation that follows no product.
struct PlannedScale {
  let channels: Int
  let spatial: Int
  let scale: UnsafePointer<Float>
  let shift: UnsafePointer<Float>

  func run(_ table: FloatTable, _ lanes: Int, _ x: UnsafeMutablePointer<Float>) {
    let count = spatial * lanes
    for channel in 0..<channels {
      let row = x + channel * count
      table.normalizeRow(row, row, count, 0, scale[channel], shift[channel])
    }
  }
}

/// Softmax or its logarithm along the middle dimension of [outer, count, inner].
struct PlannedSoftmax {
  let outer: Int
  let count: Int
  let inner: Int
  let isLogarithm: Bool

  func run(_ lanes: Int, _ x: UnsafeMutablePointer<Float>) {
    if isLogarithm {
      logSoftmax(x, into: x, outer: outer, count: count, inner: inner * lanes)
    } else {
      softmax(x, into: x, outer: outer, count: count, inner: inner * lanes)
    }
  }
}

extension PoolingGeometry {
  /// What the kernels read, in their order.
  var kernelNumbers: [Int] {
    [
      height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight, paddingWidth,
      dilationHeight, dilationWidth, outputHeight, outputWidth,
    ]
  }

  /// Whether windows neither overlap nor leave gaps nor reach over the edge: then a row of them depends on `kernelHeight`
  /// rows of the image alone.
  var isTiling: Bool {
    strideHeight == kernelHeight && strideWidth == kernelWidth && paddingHeight == 0 && paddingWidth == 0
      && dilationHeight == 1 && dilationWidth == 1 && outputHeight * kernelHeight <= height
      && outputWidth * kernelWidth <= width
  }

  /// Whether they tile in twos.
  var isTwoByTwo: Bool { isTiling && kernelHeight == 2 && kernelWidth == 2 }
}
