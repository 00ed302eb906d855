using Ips.Actors.Hosting;
using Ips.Actors.HttpFront;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>What HttpFrontActor works on, without Kestrel.</summary>
internal static class FrontFixture
{
    public static GenerationContext Generation { get; } =
        new() { Number = 7, StartCommand = new StartCommand("/srv/app", ["/srv/app"], "/srv", new Dictionary<string, string>()) };

    public static GenerationRole Role(TimeProvider? time = null) => new(Generation, NullLogger<GenerationRole>.Instance) { Time = time ?? new FakeTimeProvider() };

    public static (TrackedConnection Connection, DefaultConnectionContext Inner) Open(ConnectionRegistry registry, int requests = 0)
    {
        registry.Arrive();
        var inner = new DefaultConnectionContext();
        var connection = registry.Track(inner);
        for (var i = 0; i < requests; i++)
        {
            connection.RequestBegan();
        }

        return (connection, inner);
    }
}

/// <summary>An app whose health is the test's.</summary>
internal sealed class FakeHealth : IHealthProbe
{
    public Func<CancellationToken, Task<string?>> Answer { get; set; } = _ => Task.FromResult<string?>(null);

    public Task<string?> CheckAsync(CancellationToken cancellationToken) => Answer(cancellationToken);
}
