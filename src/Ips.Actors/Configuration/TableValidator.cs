using Microsoft.Extensions.Options;

namespace Ips.Actors.Configuration;

/// <summary>Validates options against the table of their keys and lists every fault, each with its key.</summary>
/// <typeparam name="TOptions">The options class.</typeparam>
/// <param name="table">The keys and rules.</param>
internal abstract class TableValidator<TOptions>(ConfigTable<TOptions> table) : IValidateOptions<TOptions> where TOptions : class
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var faults = table.Check(options);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
