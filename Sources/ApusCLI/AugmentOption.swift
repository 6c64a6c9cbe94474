import ApusData

/// Reads `--augment shift,rotate:15`: what is done to training images, each with its strength. Other options of the same form
/// have other names.
enum AugmentOption {
  private static let kinds: [(name: String, strength: Double, limit: Double, help: String)] = [
    ("shift", 2, 1000, "pixels"), ("rotate", 10, 360, "degrees"), ("scale", 0.1, 10, "fraction"),
    ("shear", 10, 80, "degrees"), ("elastic", 1, 100, "pixels"), ("flip", 1, 1, "left and right, no strength"),
  ]

  /// The words for `--augment`, or another option of its form, in a command's help.
  static func description(
    _ preset: String, name: String = "augment", purpose: String = "change training images at random"
  ) -> OptionDescription {
    let list = kinds.map { kind in
      "  \(kind.name.padded(to: 9))\(kind.name == "flip" ? "" : "\(number(kind.strength)) ")\(kind.help)"
    }
    return OptionDescription(
      name, "LIST",
      ([
        "\(purpose), by up to so much: shift:2,rotate:15",
        "(default: \(preset)); without a number:",
      ]
        + list + ["none turns it off"]).joined(separator: "\n"))
  }

  /// The augmentation that the option asks for; nil when it says none, `preset` when it is not there.
  static func read(
    _ arguments: Arguments, name option: String = "augment", default preset: Augmentation?
  ) throws(UsageError) -> Augmentation? {
    guard let text = arguments.text(option) else { return preset }
    if text == "none" { return nil }
    var steps: [Augmentation.Step] = []
    var seen: Set<String> = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = item.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let kind = kinds.first(where: { $0.name == parts[0] }) else {
        throw arguments.failure(
          "--\(option) knows \(kinds.map(\.name).joined(separator: ", ")) and none, not “\(parts[0])”"
            + suggestion(for: parts[0], among: kinds.map(\.name)))
      }
      guard seen.insert(kind.name).inserted else { throw arguments.failure("--\(option) names \(kind.name) twice") }
      var strength = kind.strength
      if parts.count == 2 {
        guard kind.name != "flip", let value = Double(parts[1]), value >= 0, value <= kind.limit else {
          throw arguments.failure(
            "--\(option) \(kind.name) takes \(kind.name == "flip" ? "no number" : "a number from 0 to \(number(kind.limit))"), "
              + "not “\(parts[1])”")
        }
        strength = value
      }
      steps.append(step(kind.name, strength))
    }
    return Augmentation(steps)
  }

  private static func step(_ name: String, _ strength: Double) -> Augmentation.Step {
    switch name {
    case "shift": .shift(strength)
    case "rotate": .rotation(degrees: strength)
    case "scale": .scale(strength)
    case "shear": .shear(degrees: strength)
    case "elastic": .elastic(strength)
    default: .flip
    }
  }

  /// An augmentation as the option would name it.
  static func words(_ augmentation: Augmentation?) -> String {
    guard let augmentation, !augmentation.steps.isEmpty else { return "none" }
    return augmentation.steps.map { step in
      switch step {
      case .shift(let amount): "shift:\(number(amount))"
      case .rotation(let degrees): "rotate:\(number(degrees))"
      case .scale(let amount): "scale:\(number(amount))"
      case .shear(let degrees): "shear:\(number(degrees))"
      case .elastic(let amount, _): "elastic:\(number(amount))"
      case .flip: "flip"
      }
    }.joined(separator: ",")
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e9 ? "\(Int(value))" : "\(value)"
  }
}
