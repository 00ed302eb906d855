using Ips.Actors.Diagnostics;

namespace Ips.Actors.Tests.Diagnostics;

/// <summary>What a provider gets that puts messages together by itself, as Serilog does.</summary>
[Trait("issue", "14")]
public sealed class LogFieldsTests
{
    [Theory]
    [InlineData(1, "Accepting on {Sockets} socket.")]
    [InlineData(2, "Accepting on {Sockets} sockets.")]
    public void InWords_Quantity_IsANumberAndTheTemplateNamesTheThings(int count, string template)
    {
        var fields = InWords(("Sockets", new Quantity(count)), ("{OriginalFormat}", "Accepting on {Sockets:socket}."));
        Assert.Equal(template, fields["{OriginalFormat}"]);
        Assert.Equal($"{count}", $"{fields["Sockets"]}");
    }

    [Fact]
    public void InWords_KeysInTemplateAndText_AreTheReaders()
    {
        var fields = InWords(("Reason", "see key"), ("{OriginalFormat}", "Draining for {Seconds:0} s (key): {Reason}"), ("Seconds", 30d));
        Assert.Equal("Draining for {Seconds:0} s (KEY): {Reason}", fields["{OriginalFormat}"]);
        Assert.Equal("see KEY", fields["Reason"]);
        Assert.Equal(30d, fields["Seconds"]);
    }

    private static Dictionary<string, object?> InWords(params (string Name, object? Value)[] fields) =>
        LogFields.InWords(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)),
            text => text.Replace("key", "KEY", StringComparison.Ordinal)).ToDictionary();
}
