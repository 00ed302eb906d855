using Ips.Actors.Diagnostics;
using Ips.Actors.Hosting;
using Ips.Actors.Tests.Support;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Actors.Tests.Hosting;

/// <summary>What an app is warned of at its start, by the services that it registers.</summary>
public sealed class LostStateTests
{
    private readonly ServiceCollection _services = [];
    private readonly LostState _state;

    public LostStateTests() => _state = new LostState(_services);

    [Fact]
    public void Nothing_PlainApp_IsToldOf()
    {
        var log = new RecordingLog();
        _services.AddControllersWithViews();
        _services.AddRazorPages();
        _services.AddDistributedMemoryCache();
        _services.AddSignalR();
        Assert.False(_state.HasCircuits || _state.HasSessions || _state.HasKeys(hasHome: true));
        _state.Tell(log);
        Assert.False(log.Has(EventIds.CircuitsAreLost) || log.Has(EventIds.SessionsAreLost));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Circuits_BlazorServer_AreToldOf(bool components)
    {
        if (components) _services.AddRazorComponents().AddInteractiveServerComponents();
        else _services.AddServerSideBlazor();
        var log = new RecordingLog();
        Assert.True(_state.HasCircuits);
        _state.Tell(log);
        Assert.True(log.Has(EventIds.CircuitsAreLost));
    }

    [Fact]
    public void Circuits_StaticComponents_AreNone()
    {
        _services.AddRazorComponents();
        Assert.False(_state.HasCircuits);
    }

    [Fact]
    public void Sessions_MemoryCache_AreToldOf()
    {
        _services.AddDistributedMemoryCache();
        _services.AddSession();
        var log = new RecordingLog();
        Assert.True(_state.HasSessions);
        _state.Tell(log);
        Assert.True(log.Has(EventIds.SessionsAreLost));
    }

    [Fact]
    public void Sessions_CacheElsewhere_AreKept()
    {
        _services.AddDistributedMemoryCache();
        _services.AddSession();
        _services.AddSingleton<IDistributedCache>(_ => throw new NotSupportedException("a test makes none"));
        Assert.False(_state.HasSessions);
    }

    [Fact]
    public void Keys_Ephemeral_AreToldOf()
    {
        _services.AddDataProtection().UseEphemeralDataProtectionProvider();
        var log = new RecordingLog();
        Assert.True(_state.HasKeys(hasHome: true));
        _state.Tell(log);
        Assert.True(log.Has(EventIds.KeysAreLost));
    }

    [Fact]
    public void Keys_NoHome_AreLostUnlessTheAppSaysWhere()
    {
        var protection = _services.AddDataProtection();
        Assert.False(_state.HasKeys(hasHome: true));
        Assert.True(_state.HasKeys(hasHome: false));
        protection.PersistKeysToFileSystem(new DirectoryInfo("/srv/keys"));
        Assert.False(_state.HasKeys(hasHome: false));
    }

    [Fact]
    public void Keys_ConfiguredByHand_AreNotJudged()
    {
        _services.AddDataProtection();
        _services.Configure<KeyManagementOptions>(_ => { });
        Assert.False(_state.HasKeys(hasHome: false));
    }
}
