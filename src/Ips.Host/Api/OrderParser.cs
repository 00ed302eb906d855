using Ips.Host.Inventory;

namespace Ips.Host.Api;

/// <summary>Reads <c>sort</c>, <c>prefix</c> and <c>after</c> of a list or a search. Pure.</summary>
internal static class OrderParser
{
    /// <summary>The names of the three.</summary>
    public const string Sort = "sort", Prefix = "prefix", After = "after";

    /// <summary>Reads one of the three into the order.</summary>
    /// <param name="name">Which one.</param>
    /// <param name="value">Its value; null if it is no text.</param>
    /// <param name="order">The order so far.</param>
    /// <param name="found">Takes what is wrong.</param>
    public static ObjectOrder Read(string name, string? value, ObjectOrder order, List<Refusal> found)
    {
        switch (name)
        {
            case Sort when By(value) is { } by: return order with { By = by.Field, IsDescending = by.IsDescending };
            case Prefix when value is { Length: > 0 } && ObjectLimits.IsText(value): return order with { Prefix = value };
            case After when value is not null && ObjectLimits.IsId(value): return order with { After = value };
        }
        found.Add(name switch
        {
            Sort => Problems.NotAnOrder(name),
            After => Refusals.NotAnId(name),
            _ => Refusals.Wrong(name, $"a text of 1 to {ObjectLimits.TextLength} characters without control characters",
                $" 1 到 {ObjectLimits.TextLength} 个字符且不含控制字符的文本"),
        });
        return order;
    }

    private static (OrderField Field, bool IsDescending)? By(string? value) => value switch
    {
        "id" => (OrderField.Id, false),
        "-id" => (OrderField.Id, true),
        "name" => (OrderField.Name, false),
        "-name" => (OrderField.Name, true),
        _ => null,
    };
}
