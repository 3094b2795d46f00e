/// Elements of which the first by some order is at hand.
struct Heap<Element: Sendable>: Sendable {
  private var elements: [Element] = []

  mutating func insert(_ element: Element, _ isBefore: (Element, Element) -> Bool) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0, isBefore(elements[child], elements[(child - 1) / 2]) {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popFirst(_ isBefore: (Element, Element) -> Bool) -> Element? {
    guard let first = elements.first, let last = elements.popLast() else { return nil }
    guard !elements.isEmpty else { return first }
    elements[0] = last
    var parent = 0
    while 2 * parent + 1 < elements.count {
      var child = 2 * parent + 1
      if child + 1 < elements.count, isBefore(elements[child + 1], elements[child]) { child += 1 }
      guard isBefore(elements[child], elements[parent]) else { break }
      elements.swapAt(parent, child)
      parent = child
    }
    return first
  }
}
