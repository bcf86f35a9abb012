import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { RequestPipe } from '../../common/request.pipe.js';
import { ListObjectsQuery, type ObjectsListing } from './billing.dto.js';

const OWN_FIELDS = ['limit', 'cursor', 'fresh', 'account', 'deleted'] as const satisfies ReadonlyArray<
  keyof ListObjectsQuery
>;

/** Parts a list's query into what every list takes and the filters, which are held against the type's columns later. */
@Injectable()
export class ListingPipe implements PipeTransform<Record<string, unknown>, Promise<ObjectsListing>> {
  private readonly fields = new RequestPipe();

  async transform(query: Record<string, unknown>, { type }: ArgumentMetadata): Promise<ObjectsListing> {
    const isOwn = (name: string): boolean => (OWN_FIELDS as readonly string[]).includes(name);
    const own = Object.fromEntries(Object.entries(query).filter(([name]) => isOwn(name)));
    const filters = Object.fromEntries(Object.entries(query).filter(([name]) => !isOwn(name)));
    const page = (await this.fields.transform(own, { type, metatype: ListObjectsQuery })) as ListObjectsQuery;
    return { ...page, filters };
  }
}
