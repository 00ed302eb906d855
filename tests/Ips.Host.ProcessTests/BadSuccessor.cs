using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests;

/// <summary>A release that must not take over.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Reason">What the reason for its refusal must say.</param>
/// <param name="Put">Puts it into a release's folder.</param>
public sealed record BadSuccessor(string Name, string Reason, Action<string> Put)
{
    private const string Sleep = "exec sleep 600";

    private const string Receive = "dd of=/dev/null bs=131072 count=1 status=none <&3"; // one packet, whatever is in it

    internal static IReadOnlyList<BadSuccessor> All { get; } =
    [
        Script("exits with 1", "exited with 1", "exit 1"),
        Script("exits with 0", "exited with 0", "exit 0"),
        Script("exits with 137", "exited with 137", "exit 137"),
        Script("kills itself", "killed by SIGKILL", "kill -9 $$"),
        Script("crashes", "killed by SIGSEGV", "kill -SEGV $$"),
        Script("sends garbage", "no handover frame", $"printf 'GET / HTTP/1.1' >&3; {Sleep}"),
        Script("sends half a packet", "no handover frame", $$"""printf '{"type":"hello","min":1,"ma' >&3; {{Sleep}}"""),
        Script("says at length that it failed", "''",
            """printf '{"type":"failed","reason":"%s"}' "$(dd if=/dev/zero bs=30000 count=1 status=none | tr '\0' "'")" """
                + $"| dd bs=131072 count=1 iflag=fullblock status=none >&3; {Sleep}"),
        Script("sends garbage and ignores SIGTERM", "no handover frame", $"trap '' TERM; printf '{{}}' >&3; {Sleep}"),
        Script("sends a packet that is too large", "131072", $"dd if=/dev/zero bs=140000 count=1 status=none >&3; {Sleep}"),
        Script("closes the channel and lives on", "closed the handover channel without exiting", $"exec 3>&-; {Sleep}"),
        Script("speaks another version", "versions 99 to 99", $"{Hello(99, 99)}; {Sleep}"),
        Script("says that it failed", "no database", $$"""printf '{"type":"failed","reason":"no database"}' >&3; {{Sleep}}"""),
        Script("is welcomed and exits", "exited with 3", $"{Hello(1, 1)}; {Receive}; exit 3"),
        Script("is out of memory", "exited with 137", $"ulimit -v 400000; {Become()}"), // what the runtime ends with
        Script("throws in its configuration", "Ips:Drain:Timeout is 2376h; it must be", Become("--Ips:Drain:Timeout=99.00:00:00")),
        new("is missing", "ENOENT", folder => Directory.CreateDirectory(folder)),
        new("has no folder", "ENOENT", _ => { }),
        new("is not executable", "EACCES", folder =>
        {
            Write(folder, "#!/bin/sh\n");
            File.SetUnixFileMode(ProgramOf(folder), UnixFileMode.UserRead);
        }),
        new("is not a program", "ENOEXEC", folder => Write(folder, "neither ELF nor script\n")),
        new("lacks an assembly", "killed by SIGABRT", folder =>
        {
            Releases.Copy(Binaries.SampleAppFolder, folder);
            File.Delete(Path.Combine(folder, "Ips.Actors.dll"));
        }),
        Marked("is not healthy", "the release is marked as unhealthy", SampleMarks.Unhealthy),
        Marked("answers its warm-up with 500", "/ping was answered with 500", SampleMarks.FailsRequests),
        Throws("Main", SampleMarks.ThrowsInMain),
        Throws("StartAsync", SampleMarks.ThrowsInStart),
        Throws("a thread", SampleMarks.ThrowsOnThread),
    ];

    internal static BadSuccessor Sleeps { get; } = Script("sleeps", "Ips:Reload:ReadyTimeout", Sleep);

    internal static BadSuccessor FallsSilent { get; } = Script("falls silent after hello", "Ips:Reload:ReadyTimeout",
        $"{Hello(1, 1)}; {Sleep}");

    /// <summary>Releases that get as far as to be told to serve.</summary>
    internal static IReadOnlyList<BadSuccessor> AllThatServe { get; } =
    [
        Script("promotes itself and exits", "it sent PromotedFrame", $$"""{{Serve}}; printf '{"type":"promoted"}' >&3; exit 3"""),
        Script("sends half a health report", "no handover frame", $$"""{{Serve}}; printf '{"type":"health","ok":tr' >&3; {{Sleep}}"""),
        Script("closes the channel when it is to serve", "closed the handover channel without exiting", $"{Serve}; exec 3>&-; {Sleep}"),
    ];

    /// <inheritdoc/>
    public override string ToString() => Name;

    // Hello, welcome, ready, serve.
    private static string Serve => $$"""{{Hello(1, 1)}}; {{Receive}}; printf '{"type":"ready"}' >&3; {{Receive}}""";

    private static string Hello(int min, int max) =>
        $$"""printf '{"type":"hello","min":{{min}},"max":{{max}},"pid":%d,"release":"other"}' $$ >&3""";

    private static string Become(string more = "") => $"exec '{Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp)}' \"$@\" {more}";

    private static BadSuccessor Script(string name, string reason, string body) =>
        new(name, reason, folder => Write(folder, $"#!/bin/sh\n{body}\n"));

    private static BadSuccessor Marked(string name, string reason, string mark) => new(name, reason, folder =>
    {
        Releases.Copy(Binaries.SampleAppFolder, folder);
        File.WriteAllText(Path.Combine(folder, mark), "");
    });

    private static BadSuccessor Throws(string place, string mark) => Marked($"throws from {place}",
        $"it ended with an unhandled InvalidOperationException: the release throws this is thrown by {place} and has a second line", mark);

    private static void Write(string folder, string text)
    {
        Directory.CreateDirectory(folder);
        Executable.Write(ProgramOf(folder), text);
    }

    private static string ProgramOf(string folder) => Path.Combine(folder, Binaries.SampleApp);
}
