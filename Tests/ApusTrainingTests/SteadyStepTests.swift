#if canImport(Glibc)
  import Apus
  import Glibc
  import Testing

  /// A step of training that is like the one before it asks for nothing: tensors come out of the pool, and no fresh page is
  /// touched.
  @Suite struct SteadyStepTests {
    @Test func asksForNothing() async {
      // In a process of its own, where nobody else allocates.
      await #expect(processExitsWith: .success) {
        let model = withSeed(1) { ModelZoo.mlp.make() }
        let recipe = ModelZoo.mlp.recipe
        let optimizer = recipe.optimizer.make(model.parameters)
        var random = Random(seed: 1)
        let images = ImageDataset(
          pixels: (0..<64 * 784).map { _ in UInt8.random(in: 0...255, using: &random) },
          targets: (0..<64).map { $0 % 10 }, height: 28, width: 28, classCount: 10)
        model.train()
        func epochs(_ count: Int) {
          for epoch in 0..<count {
            for batch in DataLoader(images, batchSize: 32, shuffle: true, seed: UInt64(epoch)) {
              optimizer.zeroGradients()
              recipe.loss(model(batch.inputs), batch.targets).backward()
              optimizer.step()
            }
          }
        }
        func faults() -> Int {
          var usage = rusage()
          getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
          return usage.ru_minflt
        }
        epochs(10)
        let blocks = BufferPool.statistics.systemAllocations
        // Forty steps. A page or two may be the heap's own bookkeeping; and on a busy machine the team's second thread may do its first
        // piece of work now, on a stack and on scratch that are new. Steps that always touch new pages do it every time.
        var pages: [Int] = []
        repeat {
          let before = faults()
          epochs(20)
          pages.append(faults() - before)
        } while pages.last! >= 20 && pages.count < 5
        let moreBlocks = BufferPool.statistics.systemAllocations - blocks
        guard moreBlocks == 0, pages.last! < 20 else {
          fatalError("\(moreBlocks) blocks and \(pages) page faults in forty steps each")
        }
      }
    }
  }
#endif
