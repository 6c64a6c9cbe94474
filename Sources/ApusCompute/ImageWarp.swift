/// Where the pixels of a warped image come from: an affine map, and displacements on top of it.
///
/// Pixel p takes the source at c + M (p − c) + offset + d(p), c being the middle of the image and d a smooth field that is
/// given by control points.
package struct ImageWarp {
  /// The rows of M: what the source's x and y take of x and y.
  package var matrix: (xx: Float, xy: Float, yx: Float, yy: Float) = (1, 0, 0, 1)
  /// Columns and rows from the pixel to its source.
  package var offset: (x: Float, y: Float) = (0, 0)

  /// The identity.
  package init() {}
}

/// The size of the grid of control points of a displacement field over an image.
///
/// A field is a cubic B-spline: smooth up to its second derivative, and at each pixel a weighted mean of 4 × 4 control points.
/// Drawing few control points is hundreds of times cheaper than drawing a number for each pixel and blurring it, and gives the
/// same sort of field.
package struct DisplacementGrid {
  /// Pixels from one control point to the next.
  package let spacing: Float
  /// Rows and columns of control points: enough that each pixel has four around it either way.
  package let rows: Int
  package let columns: Int

  /// The grid over an image.
  package init(height: Int, width: Int, spacing: Float) {
    self.spacing = spacing
    rows = Int(Float(max(height, 1) - 1) / spacing) + 4
    columns = Int(Float(max(width, 1) - 1) / spacing) + 4
  }

  /// Control points for each of x and y.
  package var count: Int { rows * columns }
}

/// Draws an image anew, each pixel from its place in the source by linear interpolation between the four around it. Beyond the
/// edge the source goes on as it ends there. A place with whole coordinates gives its pixel exactly.
///
/// - Parameters:
///   - source: [channels, height, width]; all channels are warped alike.
///   - target: The same extents; must not overlap the source.
///   - warp: The affine part.
///   - grid: The displacements' grid, nil for none.
///   - points: The displacements in x at the control points, row by row, then those in y; as many as the grid has, twice.
package func warpImage(
  _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, channels: Int, height: Int, width: Int,
  warp: ImageWarp, grid: DisplacementGrid?, points: UnsafePointer<Float>?
) {
  guard channels > 0, height > 0, width > 0 else { return }
  // Per column: its four weights. Then, per row of control points, the field along the columns; and a row of the field.
  let gridRows = grid?.rows ?? 0
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * (gridRows + 1) * width) { scratch in
    let stretched = scratch.baseAddress!
    let row = stretched + 2 * gridRows * width
    row.initialize(repeating: 0, count: 2 * width)
    if let grid, let points {
      for x in 0..<width {
        let (first, weights) = splineWeights(Float(x) / grid.spacing)
        for line in 0..<2 * grid.rows {
          let control = points + line * grid.columns + first
          stretched[line * width + x] =
            weights.0 * control[0] + weights.1 * control[1] + weights.2 * control[2] + weights.3 * control[3]
        }
      }
    }
    let (centerX, centerY) = (0.5 * Float(width - 1), 0.5 * Float(height - 1))
    let (lastX, lastY) = (Float(width - 1), Float(height - 1))
    for y in 0..<height {
      if let grid {
        let (first, weights) = splineWeights(Float(y) / grid.spacing)
        for part in 0..<2 {
          let line = stretched + (part * grid.rows + first) * width
          for x in 0..<width {
            row[part * width + x] =
              weights.0 * line[x] + weights.1 * line[width + x] + weights.2 * line[2 * width + x]
              + weights.3 * line[3 * width + x]
          }
        }
      }
      let down = Float(y) - centerY
      for x in 0..<width {
        let across = Float(x) - centerX
        let wishX = centerX + warp.matrix.xx * across + warp.matrix.xy * down + warp.offset.x + row[x]
        let wishY = centerY + warp.matrix.yx * across + warp.matrix.yy * down + warp.offset.y + row[width + x]
        let (sourceX, sourceY) = (max(0, min(lastX, wishX)), max(0, min(lastY, wishY)))
        let (left, top) = (Int(sourceX), Int(sourceY))
        let (partX, partY) = (sourceX - Float(left), sourceY - Float(top))
        let right = min(left + 1, width - 1) - left
        let below = (min(top + 1, height - 1) - top) * width
        for channel in 0..<channels {
          let pixel = source + (channel * height + top) * width + left
          let upper = pixel[0] + partX * (pixel[right] - pixel[0])
          let lower = pixel[below] + partX * (pixel[below + right] - pixel[below])
          target[(channel * height + y) * width + x] = upper + partY * (lower - upper)
        }
      }
    }
  }
}

/// The first of the four control points around a place, and their weights in a uniform cubic B-spline.
private func splineWeights(_ place: Float) -> (first: Int, weights: (Float, Float, Float, Float)) {
  let first = Int(place)
  let t = place - Float(first)
  let rest = 1 - t
  let (square, cube) = (t * t, t * t * t)
  return (
    first,
    (rest * rest * rest / 6, (3 * cube - 6 * square + 4) / 6, (3 * (t + square - cube) + 1) / 6, cube / 6)
  )
}
