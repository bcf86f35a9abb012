import { IsOptional, ValidateIf } from 'class-validator';
import { IdText, IsoInstant, PlainText, Slug } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';

const NAME_CHARS_MAX = 200;

/** `:key` of a path. */
export class PartnerGroupParam {
  @Slug()
  key: string;
}

export class PutPartnerGroupDto {
  @PlainText(NAME_CHARS_MAX)
  name: string;
}

export class MovePartnerDto {
  /** The group's key; null for none. */
  @ValidateIf((_object: object, value: unknown) => value !== null)
  @IdText()
  group: string | null;

  /** Judged by business time; now when left out. */
  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;
}

/** The requests of gRPC, which have what HTTP has in its path. */
export class PutPartnerGroupRequest extends PutPartnerGroupDto {
  @Slug()
  key: string;
}

export class ListGroupMembersRequest extends PageQuery {
  @IdText()
  key: string;
}

export class MovePartnerRequest {
  @IdText()
  id: string;

  /** Left out for none. */
  @IsOptional()
  @IdText()
  group?: string | null;

  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;
}

export class PartnerGroupView {
  key: string;
  name: string;
  createdAt: string;
}

export class GroupMemberView {
  partnerId: string;
  /** Since when they are in it. */
  since: string;
}
