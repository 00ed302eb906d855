// Two tests at a time: one lane for all classes that compute, as each start of a process takes about half a second of CPU, and beside
// it one for those that mostly wait (Waits). Four at a time on two cores took health reports beyond their bound. Alone runs at the end.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly, MaxParallelThreads = 2)]
[assembly: TestCollectionOrderer("Ips.Host.ProcessTests.Harness.MainLaneFirst", "Ips.Host.ProcessTests")]
