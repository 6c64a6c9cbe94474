extension Tensor: CustomStringConvertible {
  /// The elements as NumPy prints them.
  public var description: String { "\(scalars)" }
}
