"""apus in the partitions of an RDD: every partition is a process of its own, and the results are those of one run."""
import sys

from pyspark import SparkConf, SparkContext

apus, folder = sys.argv[1:]
configuration = SparkConf().setMaster("local[2]").setAppName("apus").set("spark.ui.enabled", "false")
context = SparkContext(conf=configuration)
context.setLogLevel("ERROR")
rows = context.textFile(f"file://{folder}/rows.csv", minPartitions=5)
command = f"{apus} predict {folder}/mlp.safetensors --batch - --keyed --threads 1"
results = rows.pipe(command, checkCode=True).collect()
partitions = rows.getNumPartitions()
context.stop()
with open(f"{folder}/single") as file:
    expected = file.read().splitlines()
assert partitions >= 5, partitions
assert results == expected, "the partitions' results are not those of a single run"
print(f"Spark: {partitions} partitions give the {len(results)} results of a single run")
