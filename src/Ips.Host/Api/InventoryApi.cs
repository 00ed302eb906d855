using Ips.Host.Auth;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Ips.Host.Api;

/// <summary>The handlers of <c>/v1</c>. They run after <see cref="AuthMiddleware"/>, which leaves query and body as features.</summary>
internal sealed class InventoryApi(IInventoryStore store, IOptions<ApiOptions> options)
{
    /// <summary>The query parameter of a write that is only tried.</summary>
    public const string DryRun = "dry_run";

    /// <summary><c>GET /v1/sdk/search_ip</c></summary>
    public async Task SearchAsync(HttpContext context)
    {
        var query = SearchQueryParser.Parse(context.Features.GetRequiredFeature<RequestQuery>(), options.Value, out var problems);
        if (query is null)
        {
            await Envelope.WriteProblemAsync(context, Refusal.Join(problems));
            return;
        }
        await AnswerAsync(context, await store.SearchAsync(query, context.RequestAborted), query.IsWhole, query.Order);
    }

    /// <summary><c>POST /v1/object/{oid}</c></summary>
    public async Task ListAsync(HttpContext context)
    {
        if (await ClassAsync(context) is not { } oclass) return;
        var query = ListQueryParser.Parse(oclass, Body(context), options.Value, out var problems);
        if (query is null) await Envelope.WriteProblemAsync(context, Refusal.Join(problems));
        else await AnswerAsync(context, await store.ListAsync(query, context.RequestAborted), query.IsWhole, query.Order);
    }

    /// <summary><c>GET /v1/object/{oid}/{id}</c></summary>
    public async Task GetAsync(HttpContext context)
    {
        if (await ClassAsync(context) is not { } oclass || await IdAsync(context) is not { } id) return;
        if (await store.GetAsync(oclass, id, context.RequestAborted) is not { } found)
        {
            await Envelope.WriteProblemAsync(context, Problems.NoSuchObject(oclass.Oid, id));
            return;
        }
        var tag = SetVersion(context, found.Version)!;
        if (ConditionParser.IsKnown(context.Request.Headers.IfNoneMatch, tag))
            context.Response.StatusCode = StatusCodes.Status304NotModified;
        else await Envelope.WritePageAsync(context, Single(found));
    }

    /// <summary><c>PUT /v1/object/{oid}/{id}</c></summary>
    public async Task PutAsync(HttpContext context)
    {
        if (await ClassAsync(context) is not { } oclass || await IdAsync(context) is not { } id
            || await ConditionAsync(context) is not { } condition
            || await DryRunAsync(context) is not { } isDryRun) return;
        var item = ObjectCodec.Read(Body(context).Span, oclass, id, out var problems);
        if (item is null)
        {
            await Envelope.WriteProblemAsync(context, Refusal.Join(problems));
            return;
        }
        if (isDryRun)
        {
            var old = await store.GetAsync(oclass, id, context.RequestAborted);
            var body = ObjectCodec.Write(item);
            await AnswerDryRunAsync(context, WriteRules.Put(old, body, condition), old?.Version,
                new StoredObject(old?.Version ?? 0, body), oclass, id);
            return;
        }
        // Not RequestAborted: a client that goes away must not turn a write into a question.
        var outcome = await store.PutAsync(item, condition, CancellationToken.None);
        SetVersion(context, outcome.Version);
        if (outcome.Kind == WriteKind.ConditionFailed) await Envelope.WriteProblemAsync(context, Problems.VersionMismatch(outcome.Version));
        else await Envelope.WritePageAsync(context, Single(new StoredObject(outcome.Version!.Value, ObjectCodec.Write(item))));
    }

    /// <summary><c>DELETE /v1/object/{oid}/{id}</c></summary>
    public async Task DeleteAsync(HttpContext context)
    {
        if (await ClassAsync(context) is not { } oclass || await IdAsync(context) is not { } id
            || await ConditionAsync(context) is not { } condition
            || await DryRunAsync(context) is not { } isDryRun) return;
        if (isDryRun)
        {
            var old = await store.GetAsync(oclass, id, context.RequestAborted);
            await AnswerDryRunAsync(context, WriteRules.Delete(old, condition), old?.Version, old, oclass, id);
            return;
        }
        var outcome = await store.DeleteAsync(oclass, id, condition, CancellationToken.None);
        SetVersion(context, outcome.Version);
        await (outcome.Kind switch
        {
            WriteKind.ConditionFailed => Envelope.WriteProblemAsync(context, Problems.VersionMismatch(outcome.Version)),
            WriteKind.NotFound => Envelope.WriteProblemAsync(context, Problems.NoSuchObject(oclass.Oid, id)),
            _ => Envelope.WritePageAsync(context, new ObjectPage(new Page(1, 1), 0, [])),
        });
    }

    private Task AnswerAsync(HttpContext context, ObjectPage page, bool isWhole, ObjectOrder order)
    {
        var isCut = isWhole && page.Items.Count < page.Total && order.After is null;
        // Clients of Gin-IPs find the number of hits in page_size.
        if (isWhole && options.Value.Compatibility == ApiCompatibility.GinIps) page = page with { Page = new Page(1, page.Items.Count) };
        return Envelope.WritePageAsync(context, page, isCut);
    }

    // What would happen, in the words of the answer that would come; nothing was written.
    private static Task AnswerDryRunAsync(
        HttpContext context, WriteKind kind, long? version, StoredObject? item, ObjectClass oclass, string id)
    {
        SetVersion(context, version);
        return kind switch
        {
            WriteKind.ConditionFailed => Envelope.WriteProblemAsync(context, Problems.VersionMismatch(version)),
            WriteKind.NotFound => Envelope.WriteProblemAsync(context, Problems.NoSuchObject(oclass.Oid, id)),
            WriteKind.Created => Envelope.WritePageAsync(context, Single(item!.Value), dryRun: "created"),
            WriteKind.Updated => Envelope.WritePageAsync(context, Single(item!.Value), dryRun: "replaced"),
            WriteKind.Unchanged => Envelope.WritePageAsync(context, Single(item!.Value), dryRun: "unchanged"),
            WriteKind.Deleted => Envelope.WritePageAsync(context, Single(item!.Value), dryRun: "deleted"),
            _ => throw new System.Diagnostics.UnreachableException($"A dry run of a write has no outcome {kind}."),
        };
    }

    private static async ValueTask<bool?> DryRunAsync(HttpContext context)
    {
        switch (context.Features.GetRequiredFeature<RequestQuery>()[DryRun])
        {
            case null or "0" or "false": return false;
            case "1" or "true": return true;
            default:
                await Envelope.WriteProblemAsync(context, Problems.NotAFlag(DryRun));
                return null;
        }
    }

    private static async ValueTask<ObjectClass?> ClassAsync(HttpContext context)
    {
        var oclass = ObjectClass.Find((string?)context.Request.RouteValues["oid"]);
        if (oclass is null) await Envelope.WriteProblemAsync(context, Refusals.NotAnOid("oid"));
        return oclass;
    }

    private static async ValueTask<string?> IdAsync(HttpContext context)
    {
        var id = (string?)context.Request.RouteValues["id"];
        if (id is not null && ObjectLimits.IsId(id)) return id;
        await Envelope.WriteProblemAsync(context, Refusals.NotAnId("id"));
        return null;
    }

    private static async ValueTask<WriteCondition?> ConditionAsync(HttpContext context)
    {
        var condition = ConditionParser.Parse(context.Request.Headers.IfMatch, context.Request.Headers.IfNoneMatch, out var problem);
        if (problem is not null) await Envelope.WriteProblemAsync(context, problem);
        return condition;
    }

    private static ReadOnlyMemory<byte> Body(HttpContext context) => context.Features.GetRequiredFeature<RequestBody>().Bytes;

    private static ObjectPage Single(StoredObject item) => new(new Page(1, 1), 1, [item]);

    private static EntityTagHeaderValue? SetVersion(HttpContext context, long? version)
    {
        if (version is not { } known) return null;
        var tag = new EntityTagHeaderValue($"\"{known}\"");
        context.Response.Headers.ETag = tag.ToString();
        return tag;
    }
}
