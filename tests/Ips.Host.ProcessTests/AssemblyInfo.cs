// Each test has a machine of its own: no other test's daemons and load.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
