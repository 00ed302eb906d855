using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Tests.Receipts;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Files;

/// <summary>The history beside the PID file: whole or not there, and of no weight to the service.</summary>
public sealed class HistoryFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLog _log = new();

    private string Path => HistoryFile.PathBeside(_folder.File("ips.pid"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_ThenRead_IsTheSame()
    {
        HistoryFile.TryWrite(Path, [ReloadHistoryTests.Receipt(1), ReloadHistoryTests.Receipt(2) with { WaitedMs = 4.5,
            RequestId = "abc" }], _log);
        Assert.Equal([ReloadHistoryTests.Receipt(1), ReloadHistoryTests.Receipt(2) with { WaitedMs = 4.5, RequestId = "abc" }],
            HistoryFile.TryRead(Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.Equal(2, File.ReadAllLines(Path).Length);
    }

    [Fact]
    public void Read_NoFile_IsNone()
    {
        Assert.Null(HistoryFile.TryRead(Path));
        Assert.Empty(HistoryFile.TryRead(Path, _log));
        Assert.Empty(_log.Entries);
    }

    [Fact]
    public void Read_LinesThatAreNoReceipts_ArePassedOver()
    {
        HistoryFile.TryWrite(Path, [ReloadHistoryTests.Receipt(1)], _log);
        File.AppendAllText(Path, "half a li\n{}\nnull\n[1]\n{\"outcome\":\"promoted\",\"output\":[null]}\n");
        Assert.Equal([ReloadHistoryTests.Receipt(1)], HistoryFile.TryRead(Path));
    }

    [Fact]
    public void Add_ToWhatIsThere_KeepsTheNewestHundred()
    {
        HistoryFile.TryWrite(Path, [.. Enumerable.Range(1, 100).Select(ReloadHistoryTests.Receipt)], _log);
        HistoryFile.TryAdd(Path, ReloadHistoryTests.Receipt(101), _log);
        Assert.Equal(Enumerable.Range(2, 100), HistoryFile.TryRead(Path)!.Select(receipt => receipt.NewPid!.Value));
    }

    [Fact]
    public void Write_FolderIsGone_IsAWarning()
    {
        HistoryFile.TryWrite(_folder.File("nowhere/ips.pid.history"), [ReloadHistoryTests.Receipt(1)], _log);
        Assert.True(_log.Has(EventIds.HistoryNotKept));
    }

    [Fact]
    public void Read_NotARegularFile_IsAWarning()
    {
        Directory.CreateDirectory(Path);
        Assert.Empty(HistoryFile.TryRead(Path, _log));
        Assert.True(_log.Has(EventIds.HistoryUnreadable));
    }
}
