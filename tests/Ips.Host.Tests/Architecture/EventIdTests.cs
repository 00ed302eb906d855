using System.Reflection;
using Ips.Actors.Diagnostics;
using Ips.Fleet.Cluster;
using Ips.Host.Api;
using Ips.Host.Fleet;
using Microsoft.Extensions.Logging;

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

    // The events of fleets have no table: their ids stand at their methods.
    [Fact]
    public void EventIds_AtTheMethodsOfFleets_AreAllDifferentAndNobodyElses()
    {
        var all = new[] { typeof(ApiEventIds).Assembly, typeof(FleetEventIds).Assembly }
            .SelectMany(assembly => assembly.GetTypes()).SelectMany(type => type.GetMethods(Static))
            .Select(method => (Name: $"{method.DeclaringType!.Name}.{method.Name}",
                Value: method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId ?? 0))
            .Where(method => method.Value != 0).Concat(Ids(typeof(EventIds))).ToList();
        foreach (var known in new[] { 5910, 5920, 5923, 6000, 6100, 6105, 6110, 6116 })
            Assert.Contains(all, method => method.Value == known);
        Assert.Equal([], all.GroupBy(method => method.Value).Where(same => same.Count() > 1).Select(same =>
            $"{same.Key} is {string.Join(" and ", same.Select(method => method.Name))}"));
    }

    private const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static List<(string Name, int Value)> Ids(Type type) =>
    [
        .. type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field is { IsLiteral: true } && field.FieldType == typeof(int))
            .OrderBy(field => field.MetadataToken).Select(field => (field.Name, (int)field.GetRawConstantValue()!)),
    ];
}
