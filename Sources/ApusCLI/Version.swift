/// The version of the command and of the library that it is built from.
let version = "0.1.0"
