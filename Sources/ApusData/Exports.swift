// Files are read and written a floor below, where nothing is known of tensors; who imports this module sees both.
@_exported import ApusFiles
