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
        let (blocks, pages) = (BufferPool.statistics.systemAllocations, faults())
        epochs(20)
        let (moreBlocks, morePages) = (BufferPool.statistics.systemAllocations - blocks, faults() - pages)
        // Forty steps. A page or two may be the stack of a thread that has just come, or the heap's own bookkeeping.
        guard moreBlocks == 0, morePages < 20 else {
          fatalError("\(moreBlocks) blocks and \(morePages) page faults in forty steps")
        }
      }
    }
  }
#endif
