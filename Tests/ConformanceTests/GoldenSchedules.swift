import Apus
import Testing

/// Learning rates over 30 steps, against those of PyTorch's schedulers.
@Suite struct GoldenSchedules {
  static let run: Set<String> = [
    "step_lr", "multi_step_lr", "exponential_lr", "cosine_annealing_lr", "cosine_annealing_warm_restarts",
    "one_cycle_lr", "linear_lr", "polynomial_lr", "reduce_lr_on_plateau",
  ]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("schedule", run: Self.run, outOfSlice: [:])
  }

  @Test(arguments: GoldenFile.all("schedule"))
  func rates(_ file: GoldenFile) {
    let optimizer = SGD([Parameter(Tensor<Double>([1]))], learningRate: file.number("lr"))
    var rates: [Double] = []
    if file.op == "reduce_lr_on_plateau" {
      let threshold = file.number("threshold")
      let plateau = ReduceLROnPlateau(
        optimizer, wantsLower: file.string("mode") == "min", factor: file.number("factor"),
        patience: file.integer("patience"),
        threshold: file.string("threshold_mode") == "rel" ? .relative(threshold) : .absolute(threshold),
        cooldown: file.integer("cooldown"), minimumRate: file.number("min_lr"), epsilon: file.number("eps"))
      for figure in file.tensors["input.0"]!.values {
        rates.append(optimizer.learningRate)
        plateau.step(figure)
      }
    } else {
      let scheduler = LearningRateScheduler(optimizer, schedule(file))
      for _ in 0..<file.integer("steps") {
        rates.append(optimizer.learningRate)
        scheduler.step()
      }
    }
    file.expect(Tensor(rates), "output.0")
  }

  private func schedule(_ file: GoldenFile) -> LearningRateSchedule {
    switch file.op {
    case "step_lr": return .step(size: file.integer("step_size"), gamma: file.number("gamma"))
    case "multi_step_lr": return .multiStep(milestones: file.integers("milestones"), gamma: file.number("gamma"))
    case "exponential_lr": return .exponential(gamma: file.number("gamma"))
    case "cosine_annealing_lr":
      return .cosineAnnealing(period: file.integer("T_max"), minimum: file.number("eta_min"))
    case "cosine_annealing_warm_restarts":
      return .cosineAnnealingWarmRestarts(
        period: file.integer("T_0"), factor: file.integer("T_mult"), minimum: file.number("eta_min"))
    case "linear_lr":
      return .linear(
        startFactor: file.number("start_factor"), endFactor: file.number("end_factor"),
        steps: file.integer("total_iters"))
    case "polynomial_lr": return .polynomial(steps: file.integer("total_iters"), power: file.number("power"))
    case "one_cycle_lr":
      return .oneCycle(
        maximum: file.number("max_lr"), steps: file.integer("total_steps"), rising: file.number("pct_start"),
        annealing: file.string("anneal_strategy") == "cos" ? .cosine : .linear, divisor: file.number("div_factor"),
        finalDivisor: file.number("final_div_factor"), threePhases: file.flag("three_phase"))
    default: fatalError("\(file.op) is listed, but not run")
    }
  }
}
