using System.Globalization;
using System.Runtime.ExceptionServices;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Microsoft.AspNetCore.Connections;

namespace Ips.Actors.Launch;

/// <summary>Tells the predecessor in words why this process cannot be its successor: of an exit code alone a receipt can only say that
/// there was one.</summary>
/// <remarks>It works from the first line of the program on, also before the handshake: a wrong configuration is found before it. Does
/// nothing in a process without a predecessor, and nothing once this generation is promoted.</remarks>
[SupportedOSPlatform("linux")]
internal static class FailureReport
{
    private const int MaxLength = 16 * 1024; // a packet holds more; the predecessor keeps the beginning
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(1);

    private static volatile HandoverChannel? s_channel;
    private static volatile bool s_over;

    /// <summary>The channel to the predecessor is open.</summary>
    public static void Use(HandoverChannel channel) => s_channel = channel;

    /// <summary>This generation is promoted: what goes wrong from here on is no failure of the handover.</summary>
    public static void End()
    {
        (s_channel, s_over) = (null, true);
        AppDomain.CurrentDomain.FirstChanceException -= OnFirstChance;
    }

    /// <summary>An app that lets an exception end it says nothing else; and the failed start of a host without Ips, beside the app's own,
    /// may end in a task that nobody awaits.</summary>
    public static void WatchExceptions()
    {
        AppDomain.CurrentDomain.UnhandledException += static (_, e) =>
        {
            if (e.ExceptionObject is Exception exception) Tell(Describe(exception));
        };
        AppDomain.CurrentDomain.FirstChanceException += OnFirstChance;
    }

    // Kestrel's last word on an endpoint that is not handed over, by its own transport; an endpoint of the app is explained where its start
    // fails. The exception inside comes alone too, where Kestrel then tries another address.
    private static void OnFirstChance(object? sender, FirstChanceExceptionEventArgs e)
    {
        if (e.Exception is IOException { InnerException: AddressInUseException { InnerException: not PosixException } } bind)
            Tell($"{bind.Message.TrimEnd('.')}. Two generations cannot share a port that is not handed over: listen on it in the host that "
                + "has AddIps(), or open it when IIpsGeneration says that this generation is primary");
    }

    /// <summary>Says it, and waits until the kernel has it: the process is about to end.</summary>
    /// <param name="reason">Why, for a person; line breaks become spaces.</param>
    public static void Tell(string reason)
    {
        if (s_over) return;
        s_over = true; // what follows is a consequence
        var failed = new FailedFrame(OneLine(reason));
        if (s_channel is { } channel)
        {
            if (channel.TrySend(failed)) channel.FlushAsync(FlushTimeout).ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        }
        else if (Environment.GetEnvironmentVariable(HandoverVariables.Fd) is { } text
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var fd) && fd > StandardStreams.Error
                && FileDescriptors.IsOpen(fd))
        {
            Write(fd, HandoverCodec.Encode(failed));
        }
    }

    internal static string OneLine(string reason)
    {
        var line = string.Join(' ', reason.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.Length > MaxLength ? line[..MaxLength] : line;
    }

    internal static string Describe(Exception exception) => $"it ended with an unhandled {Words(exception)}";

    /// <summary>An exception and what is inside it, in one line.</summary>
    internal static string Words(Exception exception)
    {
        List<string> messages = [];
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (!messages.Exists(said => said.Contains(e.Message, StringComparison.Ordinal))) messages.Add(e.Message);
        }

        return $"{exception.GetType().Name}: {string.Join(' ', messages)}";
    }

    // The variable may name anything: what is no channel refuses the packet, or nobody reads it.
    private static void Write(int fd, byte[] packet)
    {
        try
        {
            if (SocketOptions.IsPacketSocket(fd)) FileDescriptors.WriteAll(fd, packet);
        }
        catch (PosixException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // The predecessor is gone: no process reads the report.
        }
    }
}
