using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ips.Actors.Diagnostics;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Cli.Commands;

/// <summary><c>key add|list|disable|enable|rotate|delete</c>. A secret is printed once, when it is made, alone on standard output; the
/// words about it go to standard
/// error.</summary>
internal static class KeyCommands
{
    private const int SecretBytes = 32; // as long as the digest of v2; more would not be stronger
    private const int LeastSecretChars = 12; // a shorter one can be found from one signed request
    private const int MostSecretChars = 256, MostNameChars = 64, MostNoteChars = 200;
    private const string Unchanged = "no key was changed";

    private static readonly TimeSpan MostGrace = TimeSpan.FromDays(7);

    /// <summary>Makes the command.</summary>
    /// <param name="options">Where the inventory lies.</param>
    /// <param name="input">Opens standard input.</param>
    public static Command Create(Func<ParseResult, InventoryOptions> options, Func<Stream> input) => new("key", "Manage access keys.")
    {
        Add(options, input), List(options), SetEnabled(options, "disable", "Refuse requests signed with a key from now on.", false),
        SetEnabled(options, "enable", "Accept a disabled key again.", true), Rotate(options), Delete(options),
    };

    private static Command Add(Func<ParseResult, InventoryOptions> options, Func<Stream> input)
    {
        var name = NameArgument("The key's public name, such as A00001: 1 to 64 of A-Z a-z 0-9 . _ -");
        var readOnly = new Option<bool>("--read-only") { Description = "The key may not PUT or DELETE." };
        var note = new Option<string>("--note")
        {
            Description = $"What the key is for, up to {MostNoteChars} characters.",
            DefaultValueFactory = _ => "", HelpName = "TEXT"
        };
        note.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value.Length: > MostNoteChars and var length }]) result
                .AddError($"--note has {length} characters; it must have {MostNoteChars} at most.");
        });
        var fromInput = new Option<bool>("--secret-stdin")
        {
            Description = $"Read an existing secret of {LeastSecretChars} to {MostSecretChars} characters from standard input.",
        };
        var command = new Command("add", "Create a key and print its secret, once.") { name, readOnly, note, fromInput };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(parsed, options(parsed), "no key was added", async store =>
        {
            var secret = parsed.GetValue(fromInput) ? await ReadSecretAsync(input(), cancellationToken) : NewSecret();
            var key = new AccessKey(parsed.GetRequiredValue(name), secret, null, DateTimeOffset.UnixEpoch, !parsed.GetValue(readOnly), true,
                TimeProvider.System.GetUtcNow(), parsed.GetValue(note) ?? "");
            if (!await store.AddKeyAsync(key, cancellationToken))
                throw new CliException(CliExitCode.Failed,
                    $"There is a key '{key.Name}' already; 'ips key rotate {key.Name}' gives it a new secret.");
            if (parsed.GetValue(fromInput)) await parsed.InvocationConfiguration.Error.WriteLineAsync($"Key '{key.Name}' was added.");
            else await ShowSecretAsync(parsed, key);
            return CliExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private static async Task<string> ReadSecretAsync(Stream input, CancellationToken cancellationToken)
    {
        await using (input)
        {
            using var text = new StreamReader(input, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            var secret = (await text.ReadLineAsync(cancellationToken))?.Trim() ?? "";
            if (secret.Length == 0) throw new CliException(CliExitCode.Failed,
                "Standard input has no secret on its first line; no key was added.");
            return secret.Length is >= LeastSecretChars and <= MostSecretChars ? secret : throw new CliException(CliExitCode.Failed,
                $"The secret has {Wording.Counted(secret.Length, "character")}; it must have {LeastSecretChars} to {MostSecretChars}. No "
                    + "key was added.");
        }
    }

    private static Command List(Func<ParseResult, InventoryOptions> options)
    {
        var command = new Command("list", "List the keys, without secrets.");
        command.SetAction((parsed, cancellationToken) => CommandRunner
            .RunAsync(parsed, options(parsed), Unchanged, StoreOpening.Existing, async store =>
        {
            var output = parsed.InvocationConfiguration.Output;
            await output.WriteLineAsync(Row("NAME", "RIGHTS", "STATE", "CREATED", "NOTE"));
            foreach (var key in await store.GetKeysAsync(cancellationToken))
            {
                await output.WriteLineAsync(Row(key.Name, key.CanWrite ? "read-write" : "read-only", key.IsEnabled ? "enabled" : "disabled",
                    key.Created.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), key.Note));
            }
            return CliExitCode.Ok;
        }, cancellationToken));
        return command;

        static string Row(string name, string rights, string state, string created, string note) =>
            TerminalText.Line($"{name,-16} {rights,-10} {state,-8} {created,-17} {note}").TrimEnd();
    }

    private static Command SetEnabled(Func<ParseResult, InventoryOptions> options, string verb, string description, bool isEnabled)
    {
        var name = NameOfExisting();
        var command = new Command(verb, description) { name };
        command.SetAction((parsed, cancellationToken) => ChangeAsync(parsed, options(parsed), parsed.GetRequiredValue(name),
            (store, key) => store.ReplaceKeyAsync(key, cancellationToken), key => key with { IsEnabled = isEnabled },
            key => parsed.InvocationConfiguration.Error
                .WriteLineAsync($"Key '{key.Name}' is {verb}d; daemons see it within ips.auth.key-cache."), cancellationToken));
        return command;
    }

    private static Command Rotate(Func<ParseResult, InventoryOptions> options)
    {
        var name = NameOfExisting();
        var grace = CliOptions.Duration("--grace",
            "How long the old secret stays valid too, such as 1h, up to 168h. Default: 0s.", TimeSpan.Zero, MostGrace);
        var command = new Command("rotate", "Give a key a new secret and print it, once.") { name, grace,
            CliOptions.Gone("--grace-seconds", "--grace 1h, or another duration") };
        command.SetAction((parsed, cancellationToken) =>
        {
            var left = parsed.GetValue(grace) ?? TimeSpan.Zero;
            return ChangeAsync(parsed, options(parsed), parsed.GetRequiredValue(name), (store, key) =>
                store.ReplaceKeyAsync(key, cancellationToken), key => key with
                {
                    Secret = NewSecret(),
                    PreviousSecret = left > TimeSpan.Zero ? key.Secret : null,
                    PreviousUntil = TimeProvider.System.GetUtcNow() + left,
                }, key => ShowSecretAsync(parsed, key), cancellationToken);
        });
        return command;
    }

    private static Command Delete(Func<ParseResult, InventoryOptions> options)
    {
        var name = NameOfExisting();
        var command = new Command("delete", "Delete a key and its secret. To refuse a key but keep it, use 'ips key disable'.") { name };
        command.SetAction((parsed, cancellationToken) => ChangeAsync(parsed, options(parsed), parsed.GetRequiredValue(name),
            (store, key) => store.DeleteKeyAsync(key.Name, cancellationToken), key => key,
            key => parsed.InvocationConfiguration.Error
                .WriteLineAsync($"Key '{key.Name}' is deleted; daemons see it within ips.auth.key-cache."), cancellationToken));
        return command;
    }

    private static Task<int> ChangeAsync(
        ParseResult parsed, InventoryOptions options, string name, Func<IInventoryStore, AccessKey, ValueTask<bool>> store,
        Func<AccessKey, AccessKey> change,
        Func<AccessKey, Task> report, CancellationToken cancellationToken) =>
        CommandRunner.RunAsync(parsed, options, Unchanged, StoreOpening.Existing, async opened =>
        {
            var key = (await opened.GetKeysAsync(cancellationToken)).FirstOrDefault(k => k.Name == name);
            var changed = key is null ? null : change(key);
            if (changed is null || !await store(opened, changed)) throw new CliException(CliExitCode.Failed,
                $"There is no key '{name}'; 'ips key list' shows them.");
            await report(changed);
            return CliExitCode.Ok;
        }, cancellationToken);

    private static Argument<string> NameOfExisting() => NameArgument("The key's name.");

    private static Argument<string> NameArgument(string description) =>
        CliOptions.Checked(new Argument<string>("name") { Description = description },
        name => name.Length is >= 1 and <= MostNameChars && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'),
        $"1 to {MostNameChars} of A-Z a-z 0-9 . _ -");

    private static async Task ShowSecretAsync(ParseResult parsed, AccessKey key)
    {
        await parsed.InvocationConfiguration.Error.WriteLineAsync($"The secret of key '{key.Name}', shown this once:");
        await parsed.InvocationConfiguration.Output.WriteLineAsync(key.Secret);
    }

    private static string NewSecret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes)).TrimEnd('=').Replace('+', '-')
        .Replace('/', '_');
}
