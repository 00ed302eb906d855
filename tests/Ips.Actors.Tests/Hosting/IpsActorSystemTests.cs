using Akka.Actor;
using Akka.Event;
using Ips.Actors.Diagnostics;
using Ips.Actors.Hosting;
using Ips.Actors.Tests.Support;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ips.Actors.Tests.Hosting;

/// <summary>The actor system of Ips by itself.</summary>
public sealed class IpsActorSystemTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly RecordingLog _log = new();
    private readonly ApplicationLifetime _lifetime = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly IpsActorSystem _actors = new();

    public void Dispose() => _actors.Dispose();

    [Fact]
    public async Task Akka_Warns_IsLogged()
    {
        var system = await StartAsync();
        system.EventStream.Publish(new Warning("source", typeof(IpsActorSystemTests), "a word of warning"));
        Assert.True(SpinWait.SpinUntil(() => _log.Has(EventIds.ActorSystemFault), Patience));
        Assert.Contains(_log.Entries, entry => entry.Text == "source: a word of warning");
    }

    /// <summary>Akka's own for JSON costs each start its compilation, and nothing is ever serialized.</summary>
    [Fact]
    public async Task Serializer_OfAMessage_IsNotAkkasForJson()
    {
        var system = await StartAsync();
        var serializer = system.Serialization.FindSerializerForType(typeof(IpsActorSystemTests));
        Assert.IsType<NoSerializer>(serializer);
        Assert.Throws<NotSupportedException>(() => serializer.ToBinary(this));
    }

    [Fact]
    public async Task Dispose_SystemMadeBeforeTheStart_EndsIt()
    {
        _actors.Begin();
        var system = await StartAsync();
        _actors.Dispose();
        await system.WhenTerminated.WaitAsync(Patience);
    }

    [Fact]
    public async Task System_EndsByItself_StopsTheApp()
    {
        var stopping = new TaskCompletionSource();
        _lifetime.ApplicationStopping.Register(stopping.SetResult);
        await (await StartAsync()).Terminate();
        await stopping.Task.WaitAsync(Patience);
    }

    private async Task<ActorSystem> StartAsync()
    {
        ActorSystem? started = null;
        await _actors.StartAsync(_log, _lifetime, (system, _) => started = system, CancellationToken.None);
        return started!;
    }
}
