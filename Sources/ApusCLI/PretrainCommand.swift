import ApusCompute
import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// `apus pretrain`: what an encoder that was trained without labels is worth to a classifier of few.
struct PretrainCommand: Command {
  static let description = CommandDescription(
    name: "pretrain",
    summary: "pretrain an encoder without labels, and fine-tune a classifier on few",
    discussion: """
      A denoising autoencoder learns from unlabelled images to undo what was done to them. A classifier that begins
      with its encoder is then trained on a few labelled images, and so is the same classifier from scratch: the same
      layers, labelled images, steps and batches for both, and all drawn anew for every seed. It prints the accuracy
      of both on the test images seed by seed, their means and standard deviations, and the mean of the paired
      differences with its 95 % confidence interval. --tune chooses the learning rate of each on images and seeds that
      are not reported on.

      Ctrl-C ends the run after the step at hand: the encoder that was reached is saved, the seeds that were done are
      summed up, and the exit code is 130.
      """,
    options: PretrainSettings.options,
    examples: [
      ("apus pretrain --data ~/mnist", "ten seeds of ten labels for each class"),
      ("apus pretrain --seeds 1 --save encoder.safetensors --reconstructions seen.png", "one, to look at"),
      ("apus pretrain --encoder encoder.safetensors --labels 5 --freeze --json", "a saved encoder, kept as it is"),
      ("apus pretrain --encoder encoder.safetensors --augment shift,rotate:15", "both beginnings see deformed images"),
      ("apus pretrain --deform none --mask 0.3", "an autoencoder that fills in pixels instead"),
    ])

  private let settings: PretrainSettings

  init(_ arguments: Arguments) throws(UsageError) {
    settings = try PretrainSettings(arguments)
  }

  func run() throws -> Int32 {
    if let threads = settings.threads { Threads.count = threads }
    for path in [settings.savePath, settings.picturePath].compactMap({ $0 }) { try Terminal.checkWritable(path) }
    Interrupt.watch()
    let source = try DataSource.load(settings.data, limit: settings.limit)
    let run = try PretrainRun(settings, source)
    return try run.run()
  }
}
