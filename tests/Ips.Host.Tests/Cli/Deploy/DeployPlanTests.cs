using Ips.Actors.Launch;
using Ips.Host.Cli;
using Ips.Host.Cli.Deploy;
using Ips.Host.Cli.Doctor;
using Machine = System.Runtime.InteropServices.Architecture;

namespace Ips.Host.Tests.Cli.Deploy;

public sealed class DeployPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 17, 0, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("x", "1.0", "app.zip", "x")]
    [InlineData(null, "1.2.3", "app.zip", "1.2.3")]
    [InlineData(null, "1.2.3+0123456789abcdef", null, "1.2.3+01234567")]
    [InlineData(null, null, "app-7.tar.gz", "app-7")]
    [InlineData(null, null, "app-7.TGZ", "app-7")]
    [InlineData(null, "", "..zip", "20261130T170005Z")]
    [InlineData(null, null, null, "20261130T170005Z")]
    [InlineData(null, "taken", null, "taken-20261130T170005Z")]
    public void NameOf_WhatIsKnown_IsTheFirstThatIs(string? given, string? version, string? archive, string name) =>
        Assert.Equal(name, DeployPlan.NameOf(given, version, archive, Now, taken => taken == "taken"));

    [Theory]
    [InlineData("taken", CliExitCode.Failed, "--name")]
    [InlineData("../x", CliExitCode.Configuration, "must begin with")]
    [InlineData(".x", CliExitCode.Configuration, "must begin with")]
    public void NameOf_AGivenOneThatCannotBe_SaysWhatToDo(string given, int code, string message)
    {
        var refused = Assert.Throws<CliException>(() => DeployPlan.NameOf(given, "1", null, Now, taken => taken == "taken"));
        Assert.Equal(code, refused.ExitCode);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToPrune_MoreThanFive_AreTheOldestAndFirstTheRefused()
    {
        ShelvedRelease[] all = [.. Enumerable.Range(1, 8).Select(i => new ShelvedRelease($"{i}", i))];
        Assert.Equal(["1", "2", "3"], DeployPlan.ToPrune(all, [], []));
        Assert.Equal(["1", "2", "8"], DeployPlan.ToPrune(all, ["8"], []));
        Assert.Equal(["2"], DeployPlan.ToPrune(all, [], ["1", "3", "8"]));
        Assert.Empty(DeployPlan.ToPrune(all[..5], ["1"], []));
    }

    [Fact]
    public void Mend_ACommandThatWasKilled_PointsAtWhatServesOnlyIfItAskedForThat()
    {
        var journal = new DeployJournal { Promoted = ["1"], Asked = new AskedRelease("2", false, Now) };
        var (point, mended) = DeployPlan.Mend(journal, "2", "1");
        Assert.Equal(("2", null), (point, mended.Asked));
        Assert.Equal(["1", "2"], mended.Promoted);

        (point, mended) = DeployPlan.Mend(journal, "2", "2"); // killed between the link and the journal
        Assert.Equal((null, null), (point, mended.Asked));
        Assert.Equal(["1", "2"], mended.Promoted);

        (point, mended) = DeployPlan.Mend(journal, "1", "1"); // not promoted
        Assert.Equal((null, null), (point, mended.Asked));
        Assert.Equal(("1", "2"), (Assert.Single(mended.Promoted), Assert.Single(mended.Refused)));

        (point, mended) = DeployPlan.Mend(journal, "9", "1"); // the service says what nobody asked for
        Assert.Null(point);
        Assert.Null(DeployPlan.Mend(journal with { Asked = null }, "9", "1").Point);

        (point, mended) = DeployPlan.Mend(journal with { Promoted = ["1", "3"], Asked = new AskedRelease("1", true, Now) }, "1", "3");
        Assert.Equal(("1", new PinnedRelease("1", Now)), (point, mended.Pinned));
        Assert.Equal(["3"], mended.Refused);
    }

    [Fact]
    public void ToRollBackTo_TheOneBefore_IsNeverOneThatWasTakenBack()
    {
        var journal = new DeployJournal { Promoted = ["1", "2", "3"] };
        string[] all = ["1", "2", "3"];
        Assert.Equal("2", DeployPlan.ToRollBackTo(null, "3", null, journal, all));
        Assert.Equal("1", DeployPlan.ToRollBackTo(null, "3", "1", journal, all)); // a link by hand: the service knows better
        Assert.Equal("1", DeployPlan.ToRollBackTo(null, "2", "3", journal with { Refused = ["3"] }, all));
        Assert.Equal("1", DeployPlan.ToRollBackTo(null, "3", "2", journal, ["1", "3"]));
        Assert.Equal("3", DeployPlan.ToRollBackTo("3", "2", null, journal with { Refused = ["3"] }, all));
        Assert.Contains("ips rollback NAME; there are 1, 3", Assert.Throws<CliException>(
            () => DeployPlan.ToRollBackTo(null, "3", "9", new(), ["3", "1"])).Message, StringComparison.Ordinal);
        Assert.Throws<CliException>(() => DeployPlan.ToRollBackTo("9", "3", null, journal, all));
        Assert.Throws<CliException>(() => DeployPlan.ToRollBackTo("3", "3", null, journal, all));
    }

    [Theory]
    [InlineData(62, Machine.X64, null)]
    [InlineData(183, Machine.Arm64, null)]
    [InlineData(183, Machine.X64, "is for arm64, and this machine is x64")]
    [InlineData(62, Machine.Arm64, "is for x64, and this machine is arm64")]
    [InlineData(8, Machine.X64, "ELF 8")]
    public void Program_OfElf_IsForThisMachine(int machine, Machine here, string? fault)
    {
        var header = new byte[64];
        new byte[] { 0x7F, 0x45, 0x4C, 0x46 }.CopyTo(header, 0);
        header[18] = (byte)machine;
        AssertFault(fault, ProgramFileParser.Fault(header, here));
    }

    [Theory]
    [InlineData(0x14C, null)] // for every machine
    [InlineData(0x8664 ^ 0x7B79, null)]
    [InlineData(0xAA64 ^ 0x7B79, "is for arm64")]
    public void Program_OfAnAssembly_IsForThisMachine(int machine, string? fault)
    {
        var header = new byte[256];
        (header[0], header[1], header[60]) = ((byte)'M', (byte)'Z', 128);
        "PE"u8.CopyTo(header.AsSpan(128));
        (header[132], header[133]) = ((byte)machine, (byte)(machine >> 8));
        AssertFault(fault, ProgramFileParser.Fault(header, Machine.X64));
        Assert.Null(ProgramFileParser.Fault(header.AsSpan(0, 100), Machine.X64));
        header[60] = 255;
        header[63] = 255;
        Assert.Null(ProgramFileParser.Fault(header, Machine.X64));
    }

    [Fact]
    public void Doctor_WhatADeployLeft_IsNamedWithItsRemedy()
    {
        var place = new Deployment("/srv", "App") { Serves = "2", Current = "2" };
        Assert.Empty(DoctorRules.Deployment(null, null, []));
        Assert.Empty(DoctorRules.Deployment(place, null, []));
        var cut = Assert.Single(DoctorRules.Deployment(place with { Current = "1" }, "2", []));
        Assert.Contains("release 2 serves, but /srv/current names 1", cut.What, StringComparison.Ordinal);
        Assert.Contains("cut off", cut.Remedy, StringComparison.Ordinal);
        Assert.Contains("without a reload", Assert.Single(DoctorRules.Deployment(place with { Current = "1" }, null, [])).Remedy,
            StringComparison.Ordinal);
        Assert.Contains(".incoming-3.4", Assert.Single(DoctorRules.Deployment(place, null, [".incoming-3.4"])).What,
            StringComparison.Ordinal);
    }

    private static void AssertFault(string? expected, string? fault)
    {
        if (expected is null) Assert.Null(fault);
        else Assert.Contains(expected, fault, StringComparison.Ordinal);
    }
}
