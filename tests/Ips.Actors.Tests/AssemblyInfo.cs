// Tests look at descriptor numbers after they were closed: another test must not open something meanwhile.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
