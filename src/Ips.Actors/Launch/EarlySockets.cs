using System.Globalization;
using System.Net;
using System.Text.Json;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>Listening sockets that root has opened, on their way to the daemon, which is not root's: through the same process's next
/// program, and through the
/// supervisor or <c>ips start</c>. The transport adopts them as if a predecessor had handed them over.</summary>
[SupportedOSPlatform("linux")]
internal static class EarlySockets
{
    private static readonly List<OfferedSocket> Open = [];
    private static bool s_fromRoot;

    /// <summary>How many there are.</summary>
    public static int Count => Open.Count;

    /// <summary>Listens on an address.</summary>
    /// <returns>False if this machine does not have it, which Kestrel will judge.</returns>
    /// <exception cref="PosixException">EADDRINUSE, EACCES; EMFILE or EINVAL if the limit of open files is below 65.</exception>
    public static bool TryOpen(IPEndPoint endPoint, int backlog)
    {
        try
        {
            var fd = ListeningSockets.OpenTcp(endPoint, backlog, out _);
            try
            {
                // Off the numbers that a service manager's sockets, or a child's descriptors, have.
                Open.Add(new OfferedSocket(EndpointKey.Text(endPoint), 0, FileDescriptors.DuplicateHigh(fd)));
            }
            finally
            {
                FileDescriptors.Close(fd);
            }

            return true;
        }
        catch (PosixException e) when (e.Errno is Errno.EAFNOSUPPORT or Errno.EADDRNOTAVAIL)
        {
            return false;
        }
    }

    /// <summary>Takes what the program that ran here before, or the parent, has passed, closes it to programs that this process starts, and
    /// takes the variable
    /// out of the environment.</summary>
    /// <returns>Whether root has started this service. There may be no socket nevertheless.</returns>
    /// <exception cref="IOException">The variable is not what that program sets it to.</exception>
    public static bool Claim()
    {
        var text = HandoverVariables.Take(HandoverVariables.EarlySockets);
        if (text is null)
        {
            return s_fromRoot;
        }

        foreach (var socket in Decode(text) ?? throw Foreign(text))
        {
            if (!FileDescriptors.IsOpen(socket.Fd) || !ListeningSockets.IsListening(socket.Fd)) throw Foreign(text);
            FileDescriptors.SetCloseOnExec(socket.Fd);
            Open.Add(socket);
        }

        return s_fromRoot = true;
    }

    /// <summary>Puts the variable into the environment of the program that is to have the sockets.</summary>
    /// <returns>Their descriptors, which it is to have by the same numbers.</returns>
    public static IReadOnlyList<int> PassOn(IDictionary<string, string> environment)
    {
        environment[HandoverVariables.EarlySockets] = Encode(Open);
        return [.. Open.Select(socket => socket.Fd)];
    }

    /// <summary>Hands them out, once; the caller closes them.</summary>
    public static IReadOnlyList<OfferedSocket> Take()
    {
        OfferedSocket[] taken = [.. Open];
        Open.Clear();
        return taken;
    }

    internal static string Encode(IEnumerable<OfferedSocket> sockets) => JsonSerializer.Serialize(
        [.. sockets.Select(socket => string.Create(CultureInfo.InvariantCulture, $"{socket.Fd} {socket.Endpoint}"))],
            StartCommandJson.Default.StringArray);

    /// <returns>Null if the text is not such a list.</returns>
    internal static IReadOnlyList<OfferedSocket>? Decode(string text)
    {
        try
        {
            List<OfferedSocket> sockets = [];
            foreach (var item in JsonSerializer.Deserialize(text, StartCommandJson.Default.StringArray) ?? [null!])
            {
                if (item?.Split(' ', 2) is not [var number, { Length: > 0 } endpoint]
                    || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var fd) || fd < FileDescriptors.FirstHigh)
                {
                    return null;
                }

                sockets.Add(new OfferedSocket(endpoint, 0, fd));
            }

            return sockets;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IOException Foreign(string text) => new(
        $"{HandoverVariables.EarlySockets} is '{text}', and these are no listening sockets of this process; "
        + "only ips itself sets this variable: take it out of the environment.");
}
