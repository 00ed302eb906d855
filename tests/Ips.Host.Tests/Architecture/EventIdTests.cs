using System.Reflection;
using Ips.Actors.Diagnostics;
using Ips.Host.Api;
using Ips.Host.Fleet;

namespace Ips.Host.Tests.Architecture;

/// <summary>An event id means one event: log searches rely on it.</summary>
public sealed class EventIdTests
{
    [Fact]
    public void EventIds_OfLibraryAndDaemon_AreAllDifferent()
    {
        var all = Ids(typeof(EventIds)).Concat(Ids(typeof(ApiEventIds))).Concat(Ids(typeof(DriverEventIds))).ToList();
        Assert.NotEmpty(all);
        Assert.Equal([], all.GroupBy(id => id.Value).Where(same => same.Count() > 1).Select(same =>
            $"{same.Key} is {string.Join(" and ", same.Select(id => id.Name))}"));
    }

    // So that the next free one is seen.
    [Fact]
    public void EventIds_InTheirFiles_AreInOrder() => Assert.All([typeof(EventIds), typeof(ApiEventIds), typeof(DriverEventIds)],
        type => Assert.Equal(Ids(type).OrderBy(id => id.Value), Ids(type)));

    private static List<(string Name, int Value)> Ids(Type type) =>
    [
        .. type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field is { IsLiteral: true } && field.FieldType == typeof(int))
            .OrderBy(field => field.MetadataToken).Select(field => (field.Name, (int)field.GetRawConstantValue()!)),
    ];
}
