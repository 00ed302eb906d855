using Ips.Actors.WebSockets;
using Ips.Testing.WebSockets;

namespace Ips.SampleApp;

/// <summary>A WebSocket that lives through reloads: it answers each message with the count and hash of all so far.</summary>
internal static class ChainChat
{
    /// <summary>Of the state that it hands over.</summary>
    public const int StateVersion = 1;

    /// <summary>Serves one client.</summary>
    /// <param name="context">The request.</param>
    /// <param name="socket">The WebSocket.</param>
    /// <param name="generation">Which generation this is.</param>
    /// <param name="reads">The version of a state that this release can read.</param>
    public static async Task ServeAsync(HttpContext context, ResumableWebSocket socket, int generation, int reads = StateVersion)
    {
        var (chain, moves) = (new MessageChain(), 0);
        if (socket.IsResumed)
        {
            if (socket.StateVersion != reads)
            {
                await socket.RefuseAsync(context.RequestAborted);
                return;
            }

            (chain, moves) = (MessageChain.From(socket.State.Span), BitConverter.ToInt32(socket.State.Span[MessageChain.Bytes..]) + 1);
        }

        await foreach (var message in socket.ReadMessagesAsync(context.RequestAborted))
        {
            chain.Add(message.Data.Span);
            await socket.SendTextAsync($"{chain.Text} {generation} {moves}");
            if (chain.Count % 5 == 0) await socket.SendAsync(message.Data, message.Type);
        }

        if (!socket.IsLeaving) return;
        await socket.SendTextAsync($"bye {generation}");
        await socket.HandOverAsync((byte[])[.. chain.ToBytes(), .. BitConverter.GetBytes(moves)], StateVersion);
    }
}
