// One test at a time. Most of these tests wait, but each start of a process takes about a second of CPU: four at a time on two cores took
// health reports beyond their bound. Those in the collection Alone could not run beside others in any case.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: TestCollectionOrderer("Ips.Host.ProcessTests.Harness.LongestFirst", "Ips.Host.ProcessTests")]
