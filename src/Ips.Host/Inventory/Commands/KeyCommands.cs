using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Inventory.Commands;

/// <summary><c>key add|list|disable|enable|rotate</c>. A secret is printed once, when it is made, alone on standard output; the words about it go to standard error.</summary>
internal static class KeyCommands
{
    private const int SecretBytes = 32; // as long as the digest of v2; more would not be stronger
    private const int MaxGraceSeconds = 7 * 24 * 60 * 60;

    /// <summary>Makes the command.</summary>
    public static Command Create(Func<ParseResult, InventoryOptions> options) => new("key", "The access keys.")
    {
        Add(options), List(options), SetEnabled(options, "disable", "Refuses a key from now on.", false), SetEnabled(options, "enable", "Accepts a disabled key again.", true), Rotate(options),
    };

    private static Command Add(Func<ParseResult, InventoryOptions> options)
    {
        var name = new Argument<string>("name") { Description = "The public part, for example A00001: 1 to 64 of A-Z a-z 0-9 . _ -" };
        name.Validators.Add(result =>
        {
            var given = result.GetValueOrDefault<string>();
            if (given is not { Length: >= 1 and <= 64 } || !given.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
                result.AddError($"The key's name '{given}' must be 1 to 64 of A-Z a-z 0-9 . _ -");
        });
        var readOnly = new Option<bool>("--read-only") { Description = "The key may not PUT or DELETE." };
        var note = new Option<string>("--note") { Description = "What the key is for.", DefaultValueFactory = _ => "" };
        var fromInput = new Option<bool>("--secret-stdin") { Description = "Takes the secret from standard input, for clients that have one already." };
        var command = new Command("add", "Makes a key and prints its secret, once.") { name, readOnly, note, fromInput };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(parsed, options(parsed), async store =>
        {
            var secret = parsed.GetValue(fromInput) ? (await Console.In.ReadLineAsync(cancellationToken))?.Trim() : NewSecret();
            if (string.IsNullOrEmpty(secret))
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync("ips: standard input has no secret on its first line.");
                return CommandRunner.Failed;
            }
            var key = new AccessKey(parsed.GetRequiredValue(name), secret, null, DateTimeOffset.UnixEpoch, !parsed.GetValue(readOnly), true, TimeProvider.System.GetUtcNow(), parsed.GetValue(note) ?? "");
            if (!await store.AddKeyAsync(key, cancellationToken))
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"ips: there is a key '{key.Name}' already; 'ips key rotate {key.Name}' gives it a new secret.");
                return CommandRunner.Failed;
            }
            if (parsed.GetValue(fromInput)) await parsed.InvocationConfiguration.Error.WriteLineAsync($"Key '{key.Name}' was added.");
            else await ShowSecretAsync(parsed, key);
            return CommandRunner.Done;
        }, cancellationToken));
        return command;
    }

    private static Command List(Func<ParseResult, InventoryOptions> options)
    {
        var command = new Command("list", "Lists the keys, without secrets.");
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(parsed, options(parsed), async store =>
        {
            var output = parsed.InvocationConfiguration.Output;
            await output.WriteLineAsync(Row("NAME", "RIGHTS", "STATE", "CREATED", "NOTE"));
            foreach (var key in await store.GetKeysAsync(cancellationToken))
            {
                await output.WriteLineAsync(Row(key.Name, key.CanWrite ? "read-write" : "read-only", key.IsEnabled ? "enabled" : "disabled",
                    key.Created.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), key.Note));
            }
            return CommandRunner.Done;
        }, cancellationToken));
        return command;

        static string Row(string name, string rights, string state, string created, string note) => $"{name,-16} {rights,-10} {state,-8} {created,-17} {note}".TrimEnd();
    }

    private static Command SetEnabled(Func<ParseResult, InventoryOptions> options, string verb, string description, bool isEnabled)
    {
        var name = NameOfExisting();
        var command = new Command(verb, description) { name };
        command.SetAction((parsed, cancellationToken) => ChangeAsync(parsed, options(parsed), parsed.GetRequiredValue(name), key => key with { IsEnabled = isEnabled },
            key => parsed.InvocationConfiguration.Error.WriteLineAsync($"Key '{key.Name}' is {verb}d; daemons see it within ips.auth.key-cache."), cancellationToken));
        return command;
    }

    private static Command Rotate(Func<ParseResult, InventoryOptions> options)
    {
        var name = NameOfExisting();
        var grace = new Option<int>("--grace-seconds") { Description = $"How long the old secret stays valid beside the new one, 0 to {MaxGraceSeconds}. Default 0." };
        grace.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > MaxGraceSeconds) result.AddError($"--grace-seconds must be from 0 to {MaxGraceSeconds}.");
        });
        var command = new Command("rotate", "Gives a key a new secret and prints it, once.") { name, grace };
        command.SetAction((parsed, cancellationToken) =>
        {
            var seconds = parsed.GetValue(grace);
            return ChangeAsync(parsed, options(parsed), parsed.GetRequiredValue(name), key => key with
            {
                Secret = NewSecret(),
                PreviousSecret = seconds > 0 ? key.Secret : null,
                PreviousUntil = TimeProvider.System.GetUtcNow().AddSeconds(seconds),
            }, key => ShowSecretAsync(parsed, key), cancellationToken);
        });
        return command;
    }

    private static Task<int> ChangeAsync(
        ParseResult parsed, InventoryOptions options, string name, Func<AccessKey, AccessKey> change, Func<AccessKey, Task> report, CancellationToken cancellationToken) =>
        CommandRunner.RunAsync(parsed, options, async store =>
        {
            var key = (await store.GetKeysAsync(cancellationToken)).FirstOrDefault(k => k.Name == name);
            var changed = key is null ? null : change(key);
            if (changed is null || !await store.ReplaceKeyAsync(changed, cancellationToken))
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"ips: there is no key '{name}'; 'ips key list' shows them.");
                return CommandRunner.Failed;
            }
            await report(changed);
            return CommandRunner.Done;
        }, cancellationToken);

    private static Argument<string> NameOfExisting() => new("name") { Description = "The key's name." };

    private static async Task ShowSecretAsync(ParseResult parsed, AccessKey key)
    {
        await parsed.InvocationConfiguration.Error.WriteLineAsync($"The secret of key '{key.Name}', shown this once:");
        await parsed.InvocationConfiguration.Output.WriteLineAsync(key.Secret);
    }

    private static string NewSecret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
