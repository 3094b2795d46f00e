extension EquationProgram {
  /// Puts each equation behind those whose new values it reads. Papers often begin with the state and then say what its gates are.
  ///
  /// Only where every value has its step: a plain `h` means the value of the step before until `h` has its equation, so that
  /// there the order is the author's. Equations that wait for each other stay, and their error says which.
  mutating func putInOrder() {
    let number = Dictionary(assignments.enumerated().map { ($1.name, $0) }) { first, _ in first }
    var isPlain = false, isForward = false
    let needed = assignments.enumerated().map { index, assignment in
      var needed: Set<Int> = []
      assignment.value.forEachWord { word in
        guard word.dottedMatrix == nil else { return }
        if word.time == .unsaid, number[word.name] != nil { isPlain = true }
        guard word.time == .current || word.untimed != word.name, let other = number[word.untimed] else { return }
        if other > index { isForward = true }
        needed.insert(other)
      }
      return needed.sorted()
    }
    guard isForward, !isPlain else { return }
    var order: [Int] = []
    var isDone = [Bool](repeating: false, count: assignments.count), isOpen = isDone
    func visit(_ index: Int) -> Bool {
      if isDone[index] { return true }
      if isOpen[index] { return false }
      isOpen[index] = true
      guard needed[index].allSatisfy(visit) else { return false }
      isDone[index] = true
      order.append(index)
      return true
    }
    guard assignments.indices.allSatisfy(visit) else { return }
    assignments = order.map { assignments[$0] }
  }
}
