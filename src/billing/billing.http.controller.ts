import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { ListingPipe } from './dto/billing-listing.pipe.js';
import {
  AccountQuery,
  BillingObjectView,
  CreateObjectDto,
  DeleteObjectDto,
  DELETED_FILTERS,
  GetObjectQuery,
  NoFields,
  ObjectParam,
  ObjectsParam,
  ObjectTypesView,
  ResyncedObjectView,
  UpdateObjectDto,
  type ObjectsListing,
} from './dto/billing.dto.js';
import { BillingService } from './billing.service.js';
import { ObjectsResync } from './operations/objects-resync.service.js';
import { ObjectsService } from './operations/objects.service.js';
import { Writing, type WriteCall } from './operations/write-call.js';
import { ApiPage } from '../common/api-page.js';

/** Every type alike. What only one type can do stands in that type's own controller. */
@ApiTags('Billing')
@Controller('v1/billing')
export class BillingHttpController {
  constructor(
    private readonly billing: BillingService,
    private readonly objects: ObjectsService,
    private readonly resyncing: ObjectsResync,
  ) {}

  @Get()
  @Requires('billing:read')
  @ApiOkResponse({ type: ObjectTypesView })
  listTypes(@Query() _query: NoFields) {
    return this.billing.types();
  }

  @Get(':objects')
  @Requires('billing:read')
  @ApiQuery({ name: 'limit', required: false, type: Number })
  @ApiQuery({ name: 'cursor', required: false, type: String })
  @ApiQuery({ name: 'account', required: false, type: String })
  @ApiQuery({ name: 'deleted', required: false, enum: DELETED_FILTERS })
  @ApiQuery({ name: 'fresh', required: false, type: Boolean })
  @ApiQuery({
    name: 'filters',
    required: false,
    style: 'form',
    explode: true,
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    description:
      'Any column of the type: `customer=cus_1`, and for times `createdGte`, `createdGt`, `createdLte`, `createdLt`.',
  })
  @ApiPage(BillingObjectView)
  list(
    @WorkspaceId() workspaceId: string,
    @Param() { objects }: ObjectsParam,
    @Query(ListingPipe) query: ObjectsListing,
  ) {
    return this.billing.list(workspaceId, objects, query);
  }

  @Get(':objects/:id')
  @Requires('billing:read')
  @ApiOkResponse({ type: BillingObjectView })
  get(@WorkspaceId() workspaceId: string, @Param() { objects, id }: ObjectParam, @Query() query: GetObjectQuery) {
    return this.billing.retrieve(workspaceId, objects, id, query);
  }

  @Post(':objects')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  create(
    @Writing() call: WriteCall,
    @Param() { objects }: ObjectsParam,
    @Query() _query: NoFields,
    @Body() dto: CreateObjectDto,
  ) {
    return this.objects.create(call, objects, dto);
  }

  @Patch(':objects/:id')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  update(
    @Writing() call: WriteCall,
    @Param() { objects, id }: ObjectParam,
    @Query() _query: NoFields,
    @Body() dto: UpdateObjectDto,
  ) {
    return this.objects.update(call, objects, id, dto);
  }

  @Delete(':objects/:id')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  delete(
    @Writing() call: WriteCall,
    @Param() { objects, id }: ObjectParam,
    @Query() { account }: AccountQuery,
    @Body() dto: DeleteObjectDto = {},
  ) {
    return this.objects.delete(call, objects, id, { account, ...dto });
  }

  @Post(':objects/:id/resync')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  @ApiOkResponse({ type: ResyncedObjectView })
  resync(
    @WorkspaceId() workspaceId: string,
    @Param() { objects, id }: ObjectParam,
    @Query() { account }: AccountQuery,
    @Body() _body: NoFields,
  ) {
    return this.resyncing.resync(workspaceId, objects, id, account);
  }
}
