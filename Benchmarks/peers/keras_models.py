"""The five models in Keras, compiled for training."""

import keras
from keras import layers


def make(name):
    image = keras.Input((28, 28, 1))
    stacks = {
        "mlp": [layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(10)],
        "mlp3": [layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(64, "relu"), layers.Dense(10)],
        "cnn": [
            layers.Conv2D(10, 5), layers.MaxPooling2D(), layers.ReLU(),
            layers.Conv2D(20, 5), layers.SpatialDropout2D(0.5), layers.MaxPooling2D(), layers.ReLU(),
            layers.Flatten(), layers.Dense(50, "relu"), layers.Dropout(0.5), layers.Dense(10),
        ],
        "cnn-wide": [layers.Conv2D(32, 5, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)],
        "keras-cnn": [
            layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(),
            layers.Flatten(), layers.Dense(128, "relu"), layers.Dropout(0.5), layers.Dense(10),
        ],
    }  # fmt: skip
    return keras.Sequential([image, *stacks[name]])


def compile_for_training(model, optimizer, **settings):
    rule = keras.optimizers.SGD(0.01, momentum=0.5) if optimizer == "sgd" else keras.optimizers.Adam(1e-3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=rule, loss=loss, **settings)
