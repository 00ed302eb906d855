namespace Ips.Actors.Tests.Support;

/// <summary>Tests that look at descriptor numbers after they were closed run beside no others, which would open something of that number
/// meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DescriptorNumbers
{
    public const string Name = "descriptor numbers";
}
