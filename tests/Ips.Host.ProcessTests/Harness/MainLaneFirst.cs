using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>The lane beside the main one: classes that wait for timers most of their time, one after the other.</summary>
public static class Waits
{
    public const string Name = "waits";
}

/// <summary>Begins with the lane that takes longest.</summary>
public sealed class MainLaneFirst : ITestCollectionOrderer
{
    /// <inheritdoc/>
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(collection => collection.DisplayName is Waits.Name or Alone.Name ? 1 : 0);
}
