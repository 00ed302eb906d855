using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Control;

/// <summary>A reload that is passed on asks the next process for what the first one was asked for, and never for more.</summary>
public sealed class ControlRequestTests
{
    [Fact]
    public void For_AnyReload_KeepsAllOfItInTheJsonOfTheSocket() => Assert.Equal(
        """{"verb":"reload-with","noQueue":true,"id":"abc","askedBy":"SIGUSR2","waitedMs":7,"check":true,"accept":["store"]"""
            + ""","ignoreChecks":["db"]}""",
        Json(new ReloadRequest
        {
            NoQueue = true, Id = "abc", AskedBy = "SIGUSR2", WaitedMs = 7, Check = true, Accept = ["store"], IgnoreChecks = ["db"],
        }));

    [Fact]
    public void For_AReloadWithoutTerms_IsTheVerbThatEveryBuildKnows() =>
        Assert.Equal("""{"verb":"reload","id":"abc"}""", Json(new ReloadRequest { Id = "abc" }));

    [Fact]
    public void For_ADeploy_HasTermsByTheVerbThatHasThem()
    {
        Assert.Equal("""{"verb":"deploy","release":"2"}""", Json(new ReloadRequest { Release = "2" }));
        Assert.Equal("""{"verb":"deploy-with","release":"2","ignoreChecks":["db"]}""",
            Json(new ReloadRequest { Release = "2", IgnoreChecks = ["db"] }));
    }

    private static string Json(ReloadRequest reload) =>
        JsonSerializer.Serialize(ControlRequest.For(reload), ControlJson.Default.ControlRequest);
}
