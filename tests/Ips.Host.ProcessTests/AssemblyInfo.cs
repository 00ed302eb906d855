// Most of these tests wait for processes, so that four of them suit two cores: this is the only place that says how many run side by side.
// Each has ports, folders and processes of its own. Those that measure time or memory, or bring all the load that the machine can take, are
// in the collection Alone.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
[assembly: TestCollectionOrderer("Ips.Host.ProcessTests.Harness.LongestFirst", "Ips.Host.ProcessTests")]
