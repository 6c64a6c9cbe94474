/// `"; did you mean X?"` with the name that is closest to what was typed, or nothing when none is close.
func suggestion(for word: String, among names: [String]) -> String {
  let typed = word.lowercased()
  // A third of the letters may be wrong: enough for a slip of the finger, too little for another word.
  let limit = max(1, min(3, typed.count / 3))
  let closest = names.map { (name: $0, distance: editDistance(typed, $0)) }.min { $0.distance < $1.distance }
  if let closest, closest.distance <= limit { return "; did you mean \(closest.name)?" }
  let longer = names.filter { typed.count >= 3 && $0.hasPrefix(typed) }
  return longer.count == 1 ? "; did you mean \(longer[0])?" : ""
}

/// How many letters must be inserted, removed, changed or swapped with their neighbour to turn one word into the other
/// (optimal string alignment).
func editDistance(_ first: String, _ second: String) -> Int {
  let (a, b) = (Array(first), Array(second))
  guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
  var rows = [Array(0...b.count)]
  for i in 1...a.count {
    var row = [i]
    for j in 1...b.count {
      let change = a[i - 1] == b[j - 1] ? 0 : 1
      var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + change)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, rows[i - 2][j - 2] + 1) }
      row.append(best)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
