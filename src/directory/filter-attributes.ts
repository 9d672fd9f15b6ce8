import {
  AndFilter,
  ApproximateFilter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from 'ldapts'

/** The attributes that a filter looks at, as they are written. */
export function filterAttributes(filter: Filter): string[] {
  if (filter instanceof AndFilter || filter instanceof OrFilter)
    return filter.filters.flatMap(filterAttributes)
  if (filter instanceof NotFilter) return filterAttributes(filter.filter)
  if (filter instanceof ExtensibleFilter) return filter.matchType === '' ? [] : [filter.matchType]
  if (
    filter instanceof ApproximateFilter ||
    filter instanceof EqualityFilter ||
    filter instanceof GreaterThanEqualsFilter ||
    filter instanceof LessThanEqualsFilter ||
    filter instanceof PresenceFilter ||
    filter instanceof SubstringFilter
  ) {
    return [filter.attribute]
  }
  return []
}
