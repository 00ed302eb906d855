using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>Reports everything that is wrong with <see cref="ApiOptions"/> at once.</summary>
internal sealed class ApiOptionsValidator : IValidateOptions<ApiOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        List<string> errors = [];
        if (options.MaxBodySizeBytes is < 1024 or > 16 * 1024 * 1024)
            errors.Add($"ips.api.max-body is {options.MaxBodySizeBytes} bytes; it must be from 1KiB to 16MiB.");
        if (options.MaxPageSize is < 1 or > 10_000)
            errors.Add($"ips.api.max-page-size is {options.MaxPageSize}; it must be from 1 to 10000.");
        if (options.PageSize < 1 || options.PageSize > options.MaxPageSize)
            errors.Add($"ips.api.page-size is {options.PageSize}; it must be from 1 to ips.api.max-page-size ({options.MaxPageSize}).");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
