import ApusTensor

extension GreyImage {
  /// Images side by side in rows, with a gap between them and around all.
  ///
  /// ```swift
  /// try GreyImage.grid(of: images, columns: 8).write(to: "samples.png")
  /// ```
  ///
  /// - Parameters:
  ///   - images: Grey images with values 0 … 1, [count, 1, height, width]; numbers outside are cut off when written.
  ///   - columns: Images in a row; the last row may have fewer.
  ///   - gap: Pixels between images.
  ///   - background: What shows between them.
  /// - Precondition: There is an image, and `columns` is positive.
  public static func grid(
    of images: Tensor<Float>, columns: Int, gap: Int = 2, background: Float = 0.25
  ) -> GreyImage {
    precondition(
      images.rank == 4 && images.shape[1] == 1 && images.elementCount > 0 && columns > 0 && gap >= 0,
      "GreyImage.grid: \(columns) columns of images of shape \(images.shape)")
    let (count, height, width) = (images.shape[0], images.shape[2], images.shape[3])
    let across = min(columns, count)
    let down = (count + columns - 1) / columns
    var grid = GreyImage(
      width: across * (width + gap) + gap, height: down * (height + gap) + gap,
      pixels: [Float](
        repeating: background, count: (across * (width + gap) + gap) * (down * (height + gap) + gap)))
    let pixels = images.scalars
    for number in 0..<count {
      let left = number % columns * (width + gap) + gap
      let top = number / columns * (height + gap) + gap
      for row in 0..<height {
        let source = (number * height + row) * width
        let target = (top + row) * grid.width + left
        grid.pixels.replaceSubrange(target..<target + width, with: pixels[source..<source + width])
      }
    }
    return grid
  }
}
