using System.Globalization;
using System.Text.Json.Nodes;
using Ips.Host.Auth;
using Ips.Host.Inventory;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace Ips.Host.Api;

/// <summary>Writes <c>/openapi/v1.json</c>. Fields come from <see cref="ObjectClass"/> and bounds from the options, the same ones that
/// requests are checked with, so the document cannot say something else than the server does.</summary>
internal sealed class OpenApiDescription(IOptions<ApiOptions> options, IOptions<AuthOptions> auth) : IOpenApiDocumentTransformer
{
    private const string JsonType = "application/json";
    private const string ErrorSchema = "Error";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "ips, the IP inventory", Version = "v1",
            Description = "Which machine owns this address?"
        };
        document.Servers = []; // means the server that the document comes from; the text must not depend on the client
        AddSecurity(document);
        AddSchemas(document);
        document.Paths = new OpenApiPaths
        {
            ["/v1/sdk/search_ip"] = Path(null, (HttpMethod.Get, Search(document))),
            ["/v1/object/{oid}"] = Path([OidParameter()], (HttpMethod.Post, List(document))),
            ["/v1/object/{oid}/{id}"] = Path([OidParameter(), IdParameter()],
                (HttpMethod.Get, Get(document)), (HttpMethod.Put, Put(document)), (HttpMethod.Delete, Delete(document))),
        };
        return Task.CompletedTask;
    }

    private static OpenApiPathItem Path(IList<IOpenApiParameter>? parameters,
        params (HttpMethod Method, OpenApiOperation Operation)[] operations) => new()
        {
            Parameters = parameters,
            Operations = operations.ToDictionary(o => o.Method, o => o.Operation),
        };

    private OpenApiOperation Search(OpenApiDocument document) => Operation(document, "searchIp",
        "All objects that hold any of the addresses; without a page all of them, up to the largest page.", null,
        Query("ip", true, new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Description = $"1 to {SearchQueryParser.MaxAddresses} addresses or CIDR blocks, comma separated."
        }),
        Query("oid", false, OidSchema()),
        Query("page", false, PageNumber()),
        Query("page_size", false, PageSize()),
        Query(OrderParser.Sort, false, SortSchema()),
        Query(OrderParser.Prefix, false, PrefixSchema(" Needs v2.1.")),
        Query(OrderParser.After, false, AfterSchema(" Needs an oid, and v2.1.")));

    private OpenApiOperation List(OpenApiDocument document) =>
        Operation(document, "listObjects", "The objects of one class, by id; every filter that is given must match.",
        OneOf(document, "Filter"));

    private OpenApiOperation Get(OpenApiDocument document) => Operation(document, "getObject", "One object; ETag is its version.", null,
        Condition("If-None-Match", "Versions in quotes, or *: answers 304 if the object has one of them."));

    private OpenApiOperation Put(OpenApiDocument document) =>
        Operation(document, "putObject", "Makes or replaces one object. Repeating it changes nothing.",
        OneOf(document, "Write"), DryRun(" Needs v2.1."),
        Condition("If-Match", "A version in quotes, or *: writes only if the object has it. Signed by v2.1 alone."),
        Condition("If-None-Match", "*: writes only if there is no such object. Signed by v2.1 alone."));

    private OpenApiOperation Delete(OpenApiDocument document) => Operation(document, "deleteObject",
        "Deletes one object.", null, DryRun(""),
        Condition("If-Match", "A version in quotes, or *: deletes only if the object has it. Signed by v2.1 alone."));

    private OpenApiOperation Operation(OpenApiDocument document, string id, string summary, IOpenApiSchema? body,
        params IOpenApiParameter[] parameters) => new()
        {
            OperationId = id,
            Summary = summary,
            Parameters = parameters,
            RequestBody = body is null ? null : new OpenApiRequestBody
            {
                Required = id == "putObject",
                Description = $"At most {options.Value.MaxBodySizeBytes} bytes.",
                Content = new Dictionary<string, OpenApiMediaType> { [JsonType] = new OpenApiMediaType { Schema = body } },
            },
            Responses = new OpenApiResponses
            {
                ["200"] = Response(document, "code 0 with data; or 4000, 4002, 4004, 4005 or 4006 with an empty list.", "Page"),
                ["400"] = Response(document,
                "The request cannot be read: no JSON, nested too deep, not UTF-8, too many parameters (code 4002).", ErrorSchema),
                ["401"] = Response(document,
                "Not signed as it must be: code 4001, 4003, 4007 or 4009; 4002 for credentials that cannot be read, 4005 for missing ones.",
                ErrorSchema),
                ["413"] = Response(document, "The body is too large (code 4002).", ErrorSchema),
                ["500"] = Response(document, "A fault of the server; the message has the trace id (code 5000).", ErrorSchema),
                ["503"] = Response(document,
                "The store is busy, or too many bodies are being read; try again after Retry-After seconds (code 5000).", ErrorSchema),
            },
        };

    private static OpenApiResponse Response(OpenApiDocument document, string description, string schema) => new()
    {
        Description = description,
        Headers = new Dictionary<string, IOpenApiHeader>
        {
            [TraceIdMiddleware.HeaderName] = new OpenApiHeader
            {
                Description = "The id of this request in the logs.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String }
            },
        },
        Content = new Dictionary<string, OpenApiMediaType>
        {
            [JsonType] =
            new OpenApiMediaType { Schema = new OpenApiSchemaReference(schema, document) }
        },
    };

    private void AddSecurity(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["v1AccessKey"] = QueryKey("accesskey", "The access key (scheme v1)."),
            ["v1Expires"] = QueryKey("expires", string.Create(CultureInfo.InvariantCulture,
                $"Unix seconds of now; valid for {auth.Value.Window.TotalSeconds} s.")),
            ["v1Signature"] = QueryKey("signature", "Lower-case hex HMAC-SHA1; docs/api.md says over what."),
            ["v2"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = CredentialsParser.SchemeName,
                Description = "version=2.1, accesskey=…, expires=…, nonce=…, signature=… (lower-case hex HMAC-SHA256); docs/api.md says "
                    + "over what."
                    + (auth.Value.AllowV2 ? " Without version it is v2, which leaves If-Match, If-None-Match and Host unsigned." : ""),
            },
        };
        var v1 = new OpenApiSecurityRequirement();
        foreach (var part in new[] { "v1AccessKey", "v1Expires", "v1Signature" }) v1[new OpenApiSecuritySchemeReference(part, document)] =
            [];
        var v2 = new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("v2", document)] = [] };
        document.Security = auth.Value.AllowV1 ? [v1, v2] : [v2];
    }

    private static OpenApiSecurityScheme QueryKey(string name, string description) =>
        new() { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Query, Name = name, Description = description };

    private void AddSchemas(OpenApiDocument document)
    {
        var schemas = new Dictionary<string, IOpenApiSchema>();
        foreach (var oclass in ObjectClass.All)
        {
            schemas[Name(oclass)] = Object(oclass, oclass.Fields.Select(f => (f.Name, ValueSchema(f))), isAnswer: true);
            schemas[Name(oclass) + "Write"] = Object(oclass, oclass.Fields.Select(f => (f.Name, ValueSchema(f))), isAnswer: false);
            schemas[Name(oclass) + "Filter"] = Filter(oclass);
        }
        document.Components!.Schemas = schemas;
        var data = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "If code is not 0, all numbers are 0 and the list is empty.",
            Required = new HashSet<string> { "page", "page_size", "size", "total", "list" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["page"] = Integer("From 1."),
                ["page_size"] = Integer("Objects a page."),
                ["size"] = Integer("Objects in list."),
                ["total"] = Integer("Objects in the whole result."),
                ["truncated"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Boolean,
                    Description = "true: a search without a page has more hits than the list. Else absent.",
                },
                ["dry_run"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.String,
                    Enum = ["created", "replaced", "unchanged", "deleted"],
                    Description = "What would have been done to the object in the list, whose version is that of now, 0 if it is new. "
                        + "Else absent.",
                },
                ["list"] = new OpenApiSchema { Type = JsonSchemaType.Array, Items = OneOf(document, "") },
            },
        };
        schemas["Page"] = EnvelopeSchema(data);
        schemas[ErrorSchema] = EnvelopeSchema(data);
    }

    private static OpenApiSchema EnvelopeSchema(OpenApiSchema data) => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "code", "message", "data" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["code"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Integer,
                Enum = [.. Enum.GetValues<ApiCode>().Select(code => (JsonNode)(int)code)],
                Description = string.Join(", ", Enum.GetValues<ApiCode>().Select(code => $"{(int)code} {code}")),
            },
            ["message"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "English, or Chinese with Accept-Language: zh." },
            ["data"] = data,
        },
    };

    private static OpenApiSchema Object(ObjectClass oclass, IEnumerable<(string Name, OpenApiSchema Schema)> fields, bool isAnswer)
    {
        var properties = new Dictionary<string, IOpenApiSchema>
        {
            ["oid"] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [oclass.Oid] },
            [ObjectClass.IdField] = IdSchema(),
        };
        foreach (var (name, schema) in fields) properties[name] = schema;
        properties["version"] = Integer(isAnswer ? "Grows with each change; the ETag of the object."
            : "Ignored, so that what was read can be written back.");
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = properties,
            Required = isAnswer
                ? properties.Keys.Except(oclass.Fields.Where(f => f.IsOther).Select(f => f.Name)).ToHashSet()
                : oclass.Fields.Where(f => f.IsRequired).Select(f => f.Name).ToHashSet(),
            AdditionalPropertiesAllowed = false,
        };
    }

    private OpenApiSchema Filter(ObjectClass oclass)
    {
        var properties = new Dictionary<string, IOpenApiSchema>
        {
            ["page"] = PageNumber(),
            ["page_size"] = PageSize(),
            [OrderParser.Sort] = SortSchema(),
            [OrderParser.Prefix] = PrefixSchema(""),
            [OrderParser.After] = AfterSchema(""),
            [ObjectClass.IdField] = AnyOf(IdSchema()),
        };
        foreach (var field in oclass.Fields)
        {
            var type = field.Kind == FieldKind.WholeNumber ? JsonSchemaType.Integer : JsonSchemaType.String;
            properties[field.Name] = AnyOf(new OpenApiSchema
            {
                Type = type,
                Description = field.IsAddress ? "An address or CIDR block." : "Equal."
            });
        }
        return new OpenApiSchema { Type = JsonSchemaType.Object, Properties = properties, AdditionalPropertiesAllowed = false };
    }

    private static OpenApiSchema AnyOf(OpenApiSchema value) => new()
    {
        AnyOf = [value, new OpenApiSchema { Type = JsonSchemaType.Array, Items = value, MinItems = 1,
            MaxItems = ListQueryParser.MaxValues }],
    };

    private static OpenApiSchema ValueSchema(Field field) => field.Kind switch
    {
        FieldKind.Text => new OpenApiSchema
        {
            Type = JsonSchemaType.String, MaxLength = ObjectLimits.TextLength,
            Description = field.Meaning
        },
        FieldKind.WholeNumber => new OpenApiSchema
        {
            Type = JsonSchemaType.Integer | JsonSchemaType.Null,
            Format = "int64",
            Minimum = "0",
            Maximum = ObjectLimits.Number.ToString(CultureInfo.InvariantCulture),
            Description = field.Meaning,
        },
        FieldKind.EntryList => new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            MaxItems = ObjectLimits.ListCount,
            Items = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Properties = new Dictionary<string, IOpenApiSchema> { ["ip"] = new OpenApiSchema { Type = JsonSchemaType.String } },
                Required = new HashSet<string> { "ip" },
                AdditionalPropertiesAllowed = false,
            },
            Description = field.Meaning,
        },
        FieldKind.Address => new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Description = field.Meaning + " IPv4, or IPv6 as in RFC 5952."
        },
        _ => new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            MaxItems = ObjectLimits.ListCount,
            Items = new OpenApiSchema { Type = JsonSchemaType.String },
            Description = field.Meaning,
        },
    };

    private static OpenApiSchema OneOf(OpenApiDocument document, string suffix) =>
        new() { OneOf = [.. ObjectClass.All.Select(oclass => new OpenApiSchemaReference(Name(oclass) + suffix, document))] };

    private static string Name(ObjectClass oclass) => char.ToUpperInvariant(oclass.Oid[0]) + oclass.Oid[1..];

    private static OpenApiSchema SortSchema() => new()
    {
        Type = JsonSchemaType.String,
        Enum = ["id", "-id", "name", "-name"],
        Description = "name: the hostname of a host, the name of a switch; -: descending. Default: a list by id, a search as first stored.",
    };

    private static OpenApiSchema PrefixSchema(string more) =>
        new()
        {
            Type = JsonSchemaType.String,
            MinLength = 1,
            MaxLength = ObjectLimits.TextLength,
            Description = "How the id, or with sort=name the name, begins." + more,
        };

    private static OpenApiSchema AfterSchema(string more)
    {
        var schema = IdSchema();
        schema.Description = "Only objects after this id, in an order by id; not together with page." + more;
        return schema;
    }

    private static OpenApiParameter DryRun(string more) => Query(InventoryApi.DryRun, false, new OpenApiSchema
    {
        Type = JsonSchemaType.String,
        Enum = ["1", "true", "0", "false"],
        Description = "1 or true: answers what would happen, and changes nothing." + more,
    });

    private static OpenApiSchema Integer(string description) =>
        new() { Type = JsonSchemaType.Integer, Format = "int64", Description = description };

    private static OpenApiSchema PageNumber() => Range(1, Inventory.Page.MaxNumber, 1);

    private OpenApiSchema PageSize() => Range(1, options.Value.MaxPageSize, options.Value.PageSize);

    private static OpenApiSchema Range(int min, int max, int @default) => new()
    {
        Type = JsonSchemaType.Integer,
        Minimum = min.ToString(CultureInfo.InvariantCulture),
        Maximum = max.ToString(CultureInfo.InvariantCulture),
        Default = @default,
    };

    private static OpenApiSchema OidSchema() => new()
    {
        Type = JsonSchemaType.String,
        Enum = [.. ObjectClass.All.Select(oclass => (JsonNode)oclass.Oid)]
    };

    private static OpenApiSchema IdSchema() => new()
    {
        Type = JsonSchemaType.String, MinLength = 1, MaxLength = ObjectLimits.IdLength,
        Pattern = "^[A-Za-z0-9][A-Za-z0-9._:-]*$"
    };

    private static OpenApiParameter OidParameter() => new()
    {
        Name = "oid", In = ParameterLocation.Path, Required = true,
        Schema = OidSchema()
    };

    private static OpenApiParameter IdParameter() => new()
    {
        Name = ObjectClass.IdField, In = ParameterLocation.Path, Required = true,
        Schema = IdSchema()
    };

    private static OpenApiParameter Query(string name, bool isRequired, OpenApiSchema schema) =>
        new() { Name = name, In = ParameterLocation.Query, Required = isRequired, Schema = schema };

    private static OpenApiParameter Condition(string name, string description) =>
        new()
        {
            Name = name, In = ParameterLocation.Header, Description = description,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String }
        };
}
