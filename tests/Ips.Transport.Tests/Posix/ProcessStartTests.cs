
using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

public sealed class ProcessStartTests
{
    [Fact]
    public void ReadCommandLine_OfThisProcess_IsWhatTheRuntimeSawWithArgv0()
    {
        var commandLine = ProcessStart.ReadCommandLine();

        // The runtime's own view lacks "dotnet" and its options, so it is the tail.
        var arguments = Environment.GetCommandLineArgs()[1..];
        Assert.Equal(arguments, commandLine.Skip(commandLine.Count - arguments.Length));
        Assert.Contains("dotnet", commandLine[0], StringComparison.Ordinal);
    }

    [Fact]
    public void ReadStartEnvironment_VariableSetSince_IsNotThere()
    {
        Environment.SetEnvironmentVariable("IPS_SET_SINCE", "1");

        var environment = ProcessStart.ReadStartEnvironment();

        Assert.False(environment.ContainsKey("IPS_SET_SINCE"));
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), environment["PATH"]);
    }

    [Fact]
    public void SplitAtNul_EmptyTexts_AreKept() =>
        Assert.Equal(["a", "", "b", ""], ProcessStart.SplitAtNul("a\0\0b\0\0"u8));

    [Fact]
    public void ParseEnvironment_OddEntries_FirstOfANameCountsAndNamelessAreLeftOut() =>
        Assert.Equal(
            new Dictionary<string, string> { ["A"] = "1", ["B"] = "x=y", ["C"] = "" },
            ProcessStart.ParseEnvironment(["A=1", "A=2", "B=x=y", "=C", "none", "C="]));

    [Fact]
    public void NativeText_AnyBytesButNul_SurviveTheWayThereAndBack()
    {
        var random = new Random(1);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(12)];
            for (var j = 0; j < bytes.Length; j++) bytes[j] = (byte)random.Next(1, 256);

            Assert.Equal([.. bytes, 0], NativeText.EncodeWithNul(NativeText.Decode(bytes)));
        }

        Assert.Equal("café ☃ 𝄞", NativeText.Decode("café ☃ 𝄞"u8));
        Assert.Equal([.. "café ☃ 𝄞"u8, 0], NativeText.EncodeWithNul("café ☃ 𝄞"));
    }
}
